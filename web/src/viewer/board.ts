import { CanvasTexture, Mesh, PlaneGeometry, type Ray, ShaderMaterial, SRGBColorSpace, Vector3 } from 'three';

// Words in a headset: the page cannot be seen there. A board with buttons, and a plate
// with the name of what is pointed at.

const PIXELS_PER_METRE = 900;

/** A plane on which words are painted. */
class Plate {
  readonly mesh: Mesh<PlaneGeometry, ShaderMaterial>;
  private readonly canvas = document.createElement('canvas');
  private readonly texture = new CanvasTexture(this.canvas);

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.canvas.width = Math.round(width * PIXELS_PER_METRE);
    this.canvas.height = Math.round(height * PIXELS_PER_METRE);
    this.texture.colorSpace = SRGBColorSpace;
    const material = new ShaderMaterial({
      vertexShader: /* glsl */ `
        varying vec2 vAt;
        void main() {
          vAt = uv;
          gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
        }`,
      fragmentShader: /* glsl */ `
        uniform sampler2D uWords;
        varying vec2 vAt;
        void main() {
          gl_FragColor = texture2D(uWords, vAt);
          #include <colorspace_fragment>
        }`,
      uniforms: { uWords: { value: this.texture } },
      transparent: true,
      depthTest: false,
    });
    this.mesh = new Mesh(new PlaneGeometry(width, height), material);
    this.mesh.renderOrder = 1e6;
  }

  paint(draw: (ctx: CanvasRenderingContext2D, width: number, height: number) => void): void {
    const ctx = this.canvas.getContext('2d');
    if (!ctx) return;
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    draw(ctx, this.canvas.width, this.canvas.height);
    this.texture.needsUpdate = true;
  }

  dispose(): void {
    this.mesh.removeFromParent();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.texture.dispose();
  }
}

/** The name of a structure, over the point of it that a ray meets. */
export class NamePlate {
  private readonly plate = new Plate(0.36, 0.06);
  readonly mesh = this.plate.mesh;
  private text = '';

  show(text: string | null): void {
    this.mesh.visible = text !== null;
    if (text === null || text === this.text) return;
    this.text = text;
    this.plate.paint((ctx, width, height) => {
      ctx.font = `600 ${height * 0.5}px system-ui, sans-serif`;
      const wide = Math.min(width, ctx.measureText(text).width + height * 0.8);
      ctx.fillStyle = '#0b0e13e8';
      ctx.beginPath();
      ctx.roundRect((width - wide) / 2, 2, wide, height - 4, height / 2);
      ctx.fill();
      ctx.fillStyle = '#e6edf6';
      ctx.fillText(text, width / 2, height / 2, width - height * 0.6);
    });
  }

  dispose(): void {
    this.plate.dispose();
  }
}

/** A row of buttons that rays press. */
export class Board {
  private readonly plate: Plate;
  readonly mesh: Plate['mesh'];
  private hot = -1;

  constructor(private readonly buttons: readonly { label: string; press: () => void }[]) {
    this.plate = new Plate(0.2 * buttons.length, 0.08);
    this.mesh = this.plate.mesh;
    this.paint();
  }

  /** Which button a ray meets, and how far away; null: none. */
  meets(ray: Ray): { button: number; distance: number } | null {
    const { mesh } = this;
    mesh.updateMatrixWorld(true);
    const local = ray.clone().applyMatrix4(mesh.matrixWorld.clone().invert());
    if (Math.abs(local.direction.z) < 1e-6) return null;
    const t = -local.origin.z / local.direction.z;
    const at = local.at(t, new Vector3());
    if (t < 0 || Math.abs(at.x) > this.plate.width / 2 || Math.abs(at.y) > this.plate.height / 2) return null;
    const button = Math.min(this.buttons.length - 1, Math.floor((at.x / this.plate.width + 0.5) * this.buttons.length));
    return { button, distance: at.applyMatrix4(mesh.matrixWorld).distanceTo(ray.origin) };
  }

  light(button: number): void {
    if (button === this.hot) return;
    this.hot = button;
    this.paint();
  }

  press(button: number): void {
    this.buttons[button]?.press();
  }

  dispose(): void {
    this.plate.dispose();
  }

  private paint(): void {
    this.plate.paint((ctx, width, height) => {
      const wide = width / this.buttons.length;
      this.buttons.forEach(({ label }, n) => {
        ctx.fillStyle = n === this.hot ? '#4cc4bd' : '#161b22f0';
        ctx.beginPath();
        ctx.roundRect(n * wide + 6, 6, wide - 12, height - 12, 14);
        ctx.fill();
        ctx.fillStyle = n === this.hot ? '#06201f' : '#e8ecf2';
        ctx.font = `600 ${height * 0.3}px system-ui, sans-serif`;
        ctx.fillText(label, (n + 0.5) * wide, height / 2, wide - 24);
      });
    });
  }
}
