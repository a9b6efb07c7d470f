import { Group, PerspectiveCamera, Ray, Scene, SRGBColorSpace, Vector3, type Vector4, WebGLRenderer } from 'three';
import { ANGLE, basis } from './camera';
import { Caps } from './caps';
import type { Pixel } from './controls';
import { STAGE_FROM_RAS } from './glb';
import { type Shared, sharedUniforms } from './material';
import { Organs } from './organs';
import type { CameraState } from './state';
import type { Vector } from './structure';

const MOST_PIXELS = 2; // of the screen for one of the page's: more cannot be seen, and costs the square

function isProcessor(gl: WebGL2RenderingContext): boolean {
  const named = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  return /swiftshader|llvmpipe|softpipe|basic render/i.test(name);
}

let byProcessor: boolean | undefined;

/** Whether the browser draws without a graphics processor. A context is asked, once: it has
 * to be known before the stage's own is made. */
function drawnByProcessor(page: Document): boolean {
  if (byProcessor === undefined) {
    const gl = page.createElement('canvas').getContext('webgl2');
    byProcessor = gl !== null && isProcessor(gl);
  }
  return byProcessor;
}

/** The renderer, the scene in it and the eye. */
export class Stage {
  readonly renderer: WebGLRenderer;
  readonly gl: WebGL2RenderingContext;
  readonly scene = new Scene();
  /** The organs and the faces of a cut: what stands elsewhere in a headset. */
  readonly model = new Group();
  readonly eye = new PerspectiveCamera((ANGLE * 180) / Math.PI, 1, 0.01, 10);
  readonly shared: Shared = sharedUniforms();
  readonly organs = new Organs(this.shared);
  readonly caps = new Caps(this.shared);
  /** Drawn by the processor, for want of a graphics processor. */
  readonly software: boolean;
  width = 1;
  height = 1;

  /** null where the browser has no WebGL 2. */
  static on(canvas: HTMLCanvasElement): Stage | null {
    let gl: WebGL2RenderingContext | null = null;
    try {
      // A processor draws a frame in a half of the time without smooth edges (docs/benchmarks.md).
      const antialias = !drawnByProcessor(canvas.ownerDocument);
      const options: WebGLContextAttributes = { alpha: true, antialias, stencil: true };
      gl = canvas.getContext('webgl2', options) as WebGL2RenderingContext | null;
    } catch {
      return null;
    }
    return gl && !gl.isContextLost() ? new Stage(canvas, gl) : null;
  }

  private constructor(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext) {
    this.gl = gl;
    this.renderer = new WebGLRenderer({ canvas, context: gl, alpha: true, stencil: true });
    this.renderer.outputColorSpace = SRGBColorSpace;
    this.renderer.info.autoReset = false;
    this.software = isProcessor(gl);
    this.model.add(this.organs.group, this.caps.group);
    this.scene.add(this.model);
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, Math.round(width));
    this.height = Math.max(1, Math.round(height));
    this.renderer.setPixelRatio(this.software ? 1 : Math.min(devicePixelRatio || 1, MOST_PIXELS));
    this.renderer.setSize(this.width, this.height, false);
    this.eye.aspect = this.width / this.height;
  }

  look(camera: CameraState): void {
    const { right, up, back } = basis(camera.yaw, camera.pitch);
    const target = new Vector3(...camera.target).applyMatrix4(STAGE_FROM_RAS);
    const metres = camera.distance * 1e-3;
    this.eye.position.copy(target).addScaledVector(new Vector3(...back), metres);
    this.eye.matrixAutoUpdate = false;
    const [x, y, z] = [new Vector3(...right), new Vector3(...up), new Vector3(...back)];
    this.eye.matrix.makeBasis(x, y, z).setPosition(this.eye.position);
    this.eye.updateMatrixWorld(true);
    const ball = this.organs.bounds();
    const away = this.eye.position.distanceTo(ball.center);
    this.eye.far = away + ball.radius * 1.05;
    this.eye.near = Math.max(this.eye.far / 2000, away - ball.radius * 1.05);
    this.eye.updateProjectionMatrix();
    this.shared.depth.value.set(Math.max(0, away - ball.radius * 0.5), away + ball.radius);
  }

  /** Cuts along a plane of the stage's axes (clip.ts). */
  cut(plane: Vector4): void {
    this.shared.cut.value.copy(plane);
  }

  /** Where a point in RAS millimetres is on the screen; null behind the eye. */
  pixel(ras: Vector): Pixel | null {
    const p = new Vector3(...ras).applyMatrix4(STAGE_FROM_RAS).applyMatrix4(this.eye.matrixWorldInverse);
    if (p.z >= 0) return null;
    p.applyMatrix4(this.eye.projectionMatrix);
    return [((p.x + 1) / 2) * this.width, ((1 - p.y) / 2) * this.height];
  }

  /** From the eye through a place on the screen, in the stage's axes. */
  ray([x, y]: Pixel): Ray {
    const to = new Vector3((2 * x) / this.width - 1, 1 - (2 * y) / this.height, 0.5).unproject(this.eye);
    const origin = this.eye.position.clone();
    return new Ray(origin, to.sub(origin).normalize());
  }

  draw(): void {
    this.renderer.info.reset();
    this.caps.lay(this.organs, this.shared.cut.value);
    this.renderer.render(this.scene, this.eye);
  }

  dispose(): void {
    this.organs.dispose();
    this.caps.dispose();
    this.renderer.dispose();
    // A browser has few contexts, and collects those that are gone late.
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
