import { Color, DoubleSide, FrontSide, ShaderMaterial, Vector2, Vector4 } from 'three';

// One light for anatomy, fixed to the viewer's head so that every side is as well lit:
// a key from the upper left, a cool fill from the right, a rim from behind, and an
// ambient light from above and below. Shadows take the tissue's own hue, as light that
// has gone through it does. Things far away are a little darker, for depth.

/** What all materials of a stage share: one object each, so that one write reaches all. */
export interface Shared {
  /** The plane of the cut in the stage's axes: what lies on its positive side is not drawn. */
  cut: { value: Vector4 };
  /** Nearest and farthest distance of the model from the eye, metres. */
  depth: { value: Vector2 };
  accent: { value: Color };
}

const VERTEX = /* glsl */ `
  invariant gl_Position; // equal depths in every pass over a mesh
  varying vec3 vNormal;
  varying vec3 vView;
  varying vec3 vPlace;
  void main() {
    vec4 view = modelViewMatrix * vec4(position, 1.0);
    vPlace = position; // the cut is in the model's own axes, wherever it stands
    vView = view.xyz;
    vNormal = normalMatrix * normal;
    #ifdef SHELL
      // The relief of a shell (relief.ts) has no inside: it faces whoever looks at it.
      if (dot(vNormal, view.xyz) > 0.0) vNormal = -vNormal;
    #endif
    gl_Position = projectionMatrix * view;
  }`;

const CUT = /* glsl */ `
  #ifdef CUT
    if (dot(vPlace, uCut.xyz) > uCut.w) discard;
  #endif`;

const LIGHT = /* glsl */ `
  uniform vec3 uColour;
  uniform vec3 uAccent;
  uniform vec2 uDepth;
  uniform float uGlow;
  vec3 lit(vec3 n, vec3 v) {
    float key = clamp((dot(n, normalize(vec3(-0.42, 0.58, 0.70))) + 0.28) / 1.28, 0.0, 1.0);
    float fill = max(dot(n, normalize(vec3(0.80, -0.05, 0.45))), 0.0);
    float rim = pow(1.0 - clamp(dot(n, v), 0.0, 1.0), 3.0);
    vec3 deep = uColour * mix(uColour, vec3(1.0), 0.35);
    vec3 sky = mix(vec3(0.115, 0.105, 0.11), vec3(0.25, 0.265, 0.29), n.y * 0.5 + 0.5);
    vec3 light = deep * sky + mix(deep, uColour, key) * key * key * 0.98 + uColour * fill * vec3(0.13, 0.15, 0.18);
    float gleam = pow(max(dot(n, normalize(normalize(vec3(-0.42, 0.58, 0.70)) + v)), 0.0), 42.0);
    light += vec3(1.0, 0.97, 0.93) * (gleam * 0.10 + rim * 0.055 * (n.y * 0.5 + 0.9));
    light *= mix(1.0, 0.70, smoothstep(uDepth.x, uDepth.y, length(vView)));
    return light + uGlow * (uColour * 0.16 + uAccent * (0.10 + 0.75 * rim));
  }`;

const FRAGMENT = /* glsl */ `
  uniform float uOpacity;
  uniform vec4 uCut;
  varying vec3 vNormal;
  varying vec3 vView;
  varying vec3 vPlace;
  ${LIGHT}
  void main() {
    ${CUT}
    vec3 v = normalize(-vView);
    vec3 n = normalize(vNormal);
    #ifndef SHELL
      if (!gl_FrontFacing) n = -n;
    #endif
    vec3 light = lit(n, v);
    float alpha = uOpacity;
    #ifdef VEIL
      // Clear where it is seen face on, so that it hides nothing; its outline stays.
      float edge = 1.0 - abs(dot(n, v));
      alpha *= 0.22 + 2.6 * edge * edge * edge;
      light = mix(light, uColour * 0.85, 0.5);
    #endif
    gl_FragColor = vec4(light, clamp(alpha, 0.0, 1.0));
    #include <colorspace_fragment>
  }`;

export class TissueMaterial extends ShaderMaterial {
  private readonly own: { colour: { value: Color }; opacity: { value: number }; glow: { value: number } };

  /** open: the surface is not closed, so that its inside can be seen. */
  constructor(
    shared: Shared,
    private readonly open: boolean,
  ) {
    const own = { colour: { value: new Color() }, opacity: { value: 1 }, glow: { value: 0 } };
    super({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: {
        uColour: own.colour,
        uOpacity: own.opacity,
        uGlow: own.glow,
        uCut: shared.cut,
        uDepth: shared.depth,
        uAccent: shared.accent,
      },
    });
    this.own = own;
  }

  set colour(hex: string) {
    this.own.colour.value.set(hex);
  }

  set glow(value: number) {
    this.own.glow.value = value;
  }

  /** shell: an envelope of the others, with the relief for a normal. As a veil it is clear where it is seen face on. */
  look(opacity: number, shell: boolean): void {
    const veil = shell && opacity < 1;
    this.own.opacity.value = opacity;
    this.transparent = opacity < 1;
    this.depthWrite = !this.transparent;
    // A shell of one voxel is torn at its steps: its other side closes the holes.
    this.side = shell || this.open ? DoubleSide : FrontSide;
    this.define('VEIL', veil);
    this.define('SHELL', shell);
  }

  set cut(on: boolean) {
    this.define('CUT', on);
  }

  private define(name: string, on: boolean): void {
    if (name in this.defines === on) return;
    if (on) this.defines[name] = '';
    else delete this.defines[name];
    this.needsUpdate = true;
  }
}

/** Draws nothing but depth or stencil, through the same cut. */
export function unseen(shared: Shared): ShaderMaterial {
  return new ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: `uniform vec4 uCut; varying vec3 vPlace; void main() { ${CUT}\n gl_FragColor = vec4(0.0); }`,
    uniforms: { uCut: shared.cut },
    colorWrite: false,
  });
}

/** The flat face of a cut. */
export function capMaterial(shared: Shared): ShaderMaterial {
  return new ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: /* glsl */ `
      varying vec3 vNormal;
      varying vec3 vView;
      ${LIGHT}
      void main() {
        vec3 v = normalize(-vView);
        vec3 n = normalize(vNormal);
        if (dot(n, v) < 0.0) n = -n;
        gl_FragColor = vec4(mix(lit(n, v), uColour * 0.82, 0.65), 1.0);
        #include <colorspace_fragment>
      }`,
    uniforms: {
      uColour: { value: new Color() },
      uGlow: { value: 0 },
      uDepth: shared.depth,
      uAccent: shared.accent,
    },
    side: DoubleSide,
  });
}

export function sharedUniforms(): Shared {
  return {
    cut: { value: new Vector4(0, 0, 0, 0) },
    depth: { value: new Vector2(0, 1) },
    accent: { value: new Color('#4cc4bd') },
  };
}
