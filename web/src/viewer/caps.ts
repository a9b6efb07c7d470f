import {
  AlwaysStencilFunc,
  DoubleSide,
  Group,
  InvertStencilOp,
  KeepStencilOp,
  Mesh,
  NotEqualStencilFunc,
  PlaneGeometry,
  type ShaderMaterial,
  Vector3,
  type Vector4,
  ZeroStencilOp,
} from 'three';
import { capMaterial, type Shared, unseen } from './material';
import type { Organ, Organs } from './organs';

// The face of a cut through a closed surface is where a line of sight, beyond the cut,
// meets the surface an odd number of times. One pass over an organ's triangles turns a
// bit of the stencil at each; a second fills the plane where the bit is set and clears
// it for the next organ. Organs that the plane does not reach cost nothing.

const FIRST = 1; // caps come after all that is solid, so that solid things hide them

/** The flat faces where the cut goes through organs. */
export class Caps {
  readonly group = new Group();
  private readonly square = new PlaneGeometry(2, 2);
  private readonly count: ShaderMaterial;
  private readonly pairs: { parity: Mesh; face: Mesh<PlaneGeometry, ShaderMaterial> }[] = [];

  constructor(private readonly shared: Shared) {
    this.count = unseen(shared);
    this.count.defines.CUT = '';
    Object.assign(this.count, {
      side: DoubleSide,
      depthTest: false,
      depthWrite: false,
      stencilWrite: true,
      stencilFunc: AlwaysStencilFunc,
      stencilFail: KeepStencilOp,
      stencilZFail: InvertStencilOp,
      stencilZPass: InvertStencilOp,
    });
  }

  /** Lays a face into every organ that the plane goes through. */
  lay(organs: Organs, cut: Vector4): void {
    this.group.clear();
    if (cut.lengthSq() === 0) return;
    const normal = new Vector3(cut.x, cut.y, cut.z);
    const radius = (organ: Organ) => organ.mesh.geometry.boundingSphere?.radius ?? 0;
    const met = [...organs.all].filter((organ) => {
      const ball = organ.mesh.geometry.boundingSphere;
      return organ.mesh.visible && ball && Math.abs(normal.dot(ball.center) - cut.w) <= ball.radius;
    });
    // All faces lie in one plane. Where structures overlap, the smaller one is seen.
    met.sort((a, b) => radius(b) - radius(a));
    for (const [n, organ] of met.entries()) this.dress(this.pair(n), organ, normal, cut.w, FIRST + 2 * n);
  }

  dispose(): void {
    this.square.dispose();
    this.count.dispose();
    for (const { face } of this.pairs) face.material.dispose();
  }

  private dress(pair: (typeof this.pairs)[number], organ: Organ, normal: Vector3, w: number, order: number): void {
    const { parity, face } = pair;
    const ball = organ.mesh.geometry.boundingSphere;
    if (!ball) return;
    parity.geometry = organ.mesh.geometry;
    face.position.copy(ball.center).addScaledVector(normal, w - normal.dot(ball.center));
    face.quaternion.setFromUnitVectors(new Vector3(0, 0, 1), normal);
    face.scale.setScalar(ball.radius);
    face.material.uniforms.uColour = organ.mesh.material.uniforms.uColour as { value: unknown };
    face.material.uniforms.uGlow = organ.mesh.material.uniforms.uGlow as { value: unknown };
    parity.renderOrder = order;
    face.renderOrder = order + 1;
    this.group.add(parity, face);
  }

  private pair(n: number): (typeof this.pairs)[number] {
    const known = this.pairs[n];
    if (known) return known;
    const material = capMaterial(this.shared);
    Object.assign(material, {
      stencilWrite: true,
      stencilRef: 0,
      stencilFunc: NotEqualStencilFunc,
      stencilFail: KeepStencilOp,
      stencilZFail: ZeroStencilOp,
      stencilZPass: ZeroStencilOp,
      polygonOffset: true,
      polygonOffsetUnits: -4 * n, // a hair before the one before
    });
    const made = { parity: new Mesh(this.square as never, this.count), face: new Mesh(this.square, material) };
    this.pairs.push(made);
    return made;
  }
}
