import {
  BufferGeometry,
  Color,
  Float32BufferAttribute,
  Line,
  Matrix4,
  Ray,
  ShaderMaterial,
  Vector3,
  type XRTargetRaySpace,
} from 'three';
import { Board, NamePlate } from './board';
import { carried, type Hold, placed, resized } from './grab';
import type { Picker } from './pick';
import type { Stage } from './stage';

export type Reality = 'vr' | 'ar';

/** What is said in the headset, in the page's language. */
export interface RoomWords {
  all: string;
  isolate: string;
  realSize: string;
  reset: string;
  leave: string;
}

export interface RoomEvents {
  words: RoomWords;
  /** The name of a structure as people read it. */
  named(name: string): string;
  isolate(name: string | null): void;
  select(name: string | null): void;
  ended(): void;
}

// A headset draws both eyes 72 times a second: more triangles than this make people sick.
export const MOST_TRIANGLES = 200_000;
const FIRST_SIZE = 0.55; // metres that the model is tall at first
const REACH = 3; // metres of a ray that meets nothing
const TAP = 250; // milliseconds; what is held longer is carried
const BUTTONS = { trigger: 0, stick: 3, lower: 4, upper: 5 } as const;

interface Hand {
  space: XRTargetRaySpace;
  ray: Line<BufferGeometry, ShaderMaterial>;
  /** Held since, or null. */
  since: number | null;
  pressed: Set<number>;
  source: XRInputSource | null;
  /** What its ray is on, in the model's axes. */
  on: { name: string; at: Vector3 } | null;
  asking: boolean;
}

/** Which headsets' sessions this browser can open. */
export async function realities(): Promise<Record<Reality, boolean>> {
  const can = async (mode: XRSessionMode) => (await navigator.xr?.isSessionSupported(mode).catch(() => false)) ?? false;
  const [vr, ar] = await Promise.all([can('immersive-vr'), can('immersive-ar')]);
  return { vr, ar };
}

/** The model in a headset: taken by one hand or two, at any size or its own, and pointed at by rays. */
export class Room {
  private readonly name = new NamePlate();
  private readonly board: Board;
  private readonly hands: Hand[];
  private readonly centre: Vector3;
  private hold: Hold | null = null;
  private holding: Hand[] = [];
  private pointed: string | null = null;
  private chosen: string | null = null;

  private constructor(
    private readonly stage: Stage,
    private readonly picker: Picker,
    private readonly session: XRSession,
    private readonly reality: Reality,
    private readonly events: RoomEvents,
  ) {
    this.centre = stage.organs.bounds().center.clone();
    const { words } = events;
    this.board = new Board([
      { label: words.all, press: () => events.isolate(null) },
      { label: words.isolate, press: () => events.isolate(this.chosen) },
      { label: words.realSize, press: () => this.realSize() },
      { label: words.reset, press: () => this.reset() },
      { label: words.leave, press: () => void session.end() },
    ]);
    this.hands = [0, 1].map((n) => this.hand(n));
  }

  /** Opens a session. Called from a click: browsers demand one. Rejects where the headset does not start. */
  static async enter(stage: Stage, picker: Picker, reality: Reality, events: RoomEvents): Promise<Room> {
    if (!navigator.xr) throw new Error('no headset');
    const mode = reality === 'vr' ? 'immersive-vr' : 'immersive-ar';
    const session = await navigator.xr.requestSession(mode, { optionalFeatures: ['local-floor', 'hand-tracking'] });
    try {
      const { xr } = stage.renderer;
      stage.organs.detail(stage.organs.triangles() <= MOST_TRIANGLES);
      if (stage.organs.triangles() > MOST_TRIANGLES) stage.organs.detail(false);
      xr.enabled = true;
      xr.setReferenceSpaceType('local-floor');
      await xr.setSession(session);
      const room = new Room(stage, picker, session, reality, events);
      room.begin();
      return room;
    } catch (error) {
      await session.end().catch(() => {});
      throw error;
    }
  }

  leave(): Promise<void> {
    return this.session.end();
  }

  /** The model's transform in the room. */
  get matrix(): Matrix4 {
    return this.stage.model.matrix;
  }

  /** The structure that a ray is on. */
  get on(): string | null {
    return this.pointed;
  }

  private begin(): void {
    const { stage } = this;
    stage.model.matrixAutoUpdate = false;
    this.board.mesh.position.set(0, 0.85, -0.75);
    this.board.mesh.rotation.x = -0.6;
    stage.scene.add(this.name.mesh, this.board.mesh);
    if (this.reality === 'vr') stage.scene.background = new Color('#10151d');
    stage.eye.near = 0.05;
    stage.eye.far = 50;
    stage.shared.depth.value.set(1e3, 1e4); // no darkening with distance: the eyes see depth themselves
    this.reset();
    this.session.addEventListener('end', () => this.end(), { once: true });
    stage.renderer.setAnimationLoop((_time, frame) => frame && this.frame());
  }

  private end(): void {
    const { stage } = this;
    stage.renderer.setAnimationLoop(null);
    stage.renderer.xr.enabled = false;
    stage.scene.background = null;
    this.place(new Matrix4());
    for (const { space, ray } of this.hands) {
      space.removeFromParent();
      ray.geometry.dispose();
      ray.material.dispose();
    }
    this.name.dispose();
    this.board.dispose();
    this.events.ended();
  }

  private reset(): void {
    const size = 2 * this.stage.organs.bounds().radius;
    this.place(placed(this.centre, Math.min(1, FIRST_SIZE / size), 0.9));
  }

  /** Its own size, or back to that of the beginning. */
  private realSize(): void {
    const now = new Vector3().setFromMatrixScale(this.matrix).x;
    if (Math.abs(now - 1) < 1e-6) this.reset();
    else this.place(resized(this.matrix, this.centre, 1));
  }

  private place(matrix: Matrix4): void {
    this.stage.model.matrix.copy(matrix);
    this.stage.model.updateMatrixWorld(true);
  }

  private hand(n: number): Hand {
    const space = this.stage.renderer.xr.getController(n);
    const geometry = new BufferGeometry().setAttribute('position', new Float32BufferAttribute([0, 0, 0, 0, 0, -1], 3));
    const ray = new Line(geometry, beam());
    ray.frustumCulled = false;
    const hand: Hand = { space, ray, since: null, pressed: new Set(), source: null, on: null, asking: false };
    space.add(ray);
    space.addEventListener('connected', (event) => {
      hand.source = event.data;
    });
    space.addEventListener('disconnected', () => {
      hand.source = null;
      this.release(hand);
    });
    space.addEventListener('selectstart', () => this.take(hand));
    space.addEventListener('selectend', () => this.release(hand, true));
    space.addEventListener('squeezestart', () => this.take(hand));
    space.addEventListener('squeezeend', () => this.release(hand));
    this.stage.scene.add(space);
    return hand;
  }

  private take(hand: Hand): void {
    const button = this.board.meets(this.rayOf(hand));
    if (button) {
      this.board.press(button.button);
      return;
    }
    hand.since = performance.now();
    this.holding = [...this.holding.filter((h) => h !== hand), hand];
    this.grip();
  }

  private release(hand: Hand, tap = false): void {
    if (tap && hand.since !== null && performance.now() - hand.since < TAP) this.choose();
    hand.since = null;
    this.holding = this.holding.filter((h) => h !== hand);
    this.grip();
  }

  private grip(): void {
    const hands = this.holding.map((h) => h.space.matrixWorld.clone());
    this.hold = hands.length > 0 ? { model: this.matrix.clone(), hands } : null;
  }

  private choose(): void {
    this.chosen = this.pointed;
    this.events.select(this.pointed);
  }

  private rayOf(hand: Hand): Ray {
    const m = hand.space.matrixWorld;
    const origin = new Vector3().setFromMatrixPosition(m);
    return new Ray(origin, new Vector3(0, 0, -1).transformDirection(m));
  }

  private frame(): void {
    const { stage } = this;
    const held = this.holding.some((h) => h.since === null || performance.now() - h.since >= TAP);
    if (this.hold && held)
      this.place(
        carried(
          this.hold,
          this.holding.map((h) => h.space.matrixWorld),
        ),
      );
    this.point();
    for (const hand of this.hands) this.press(hand);
    stage.draw();
  }

  /** What the rays are on: the board's buttons and the structures' names. */
  private point(): void {
    let lit = -1;
    for (const hand of this.hands) {
      hand.ray.visible = hand.source !== null;
      if (!hand.source) continue;
      const ray = this.rayOf(hand);
      const button = this.board.meets(ray);
      if (button) lit = button.button;
      void this.look(hand, button ? null : ray);
      const at = button ? null : hand.on?.at.clone().applyMatrix4(this.matrix);
      hand.ray.scale.z = button?.distance ?? at?.distanceTo(ray.origin) ?? REACH;
    }
    this.board.light(lit);
    const { on } = this.hands.find((h) => h.source && h.on) ?? {};
    this.pointed = on?.name ?? null;
    this.name.show(on ? this.events.named(on.name) : null);
    if (!on) return;
    const eye = new Vector3().setFromMatrixPosition(this.stage.renderer.xr.getCamera().matrixWorld);
    const at = on.at.clone().applyMatrix4(this.matrix);
    this.name.mesh.position
      .copy(at)
      .lerp(eye, 0.1)
      .add(new Vector3(0, 0.05, 0));
    this.name.mesh.lookAt(eye);
  }

  /** Asks what a hand's ray meets; the answer comes a frame or two later. */
  private async look(hand: Hand, ray: Ray | null): Promise<void> {
    if (!ray) hand.on = null;
    if (!ray || hand.asking) return;
    hand.asking = true;
    const hit = await this.picker.hit(ray.applyMatrix4(this.matrix.clone().invert()), false);
    hand.asking = false;
    hand.on = hit && { name: hit.organ.structure.name, at: hit.point };
  }

  /** The buttons under the thumb: isolate, reset, real size. */
  private press(hand: Hand): void {
    const buttons = hand.source?.gamepad?.buttons ?? [];
    const acts: [number, () => void][] = [
      [BUTTONS.lower, () => this.events.isolate(this.pointed)],
      [BUTTONS.upper, () => this.reset()],
      [BUTTONS.stick, () => this.realSize()],
    ];
    for (const [n, act] of acts) {
      const down = buttons[n]?.pressed === true;
      if (down && !hand.pressed.has(n)) act();
      if (down) hand.pressed.add(n);
      else hand.pressed.delete(n);
    }
  }
}

/** What a ray is drawn with. */
const beam = () =>
  new ShaderMaterial({
    vertexShader: 'void main() { gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }',
    fragmentShader: 'void main() { gl_FragColor = vec4(0.30, 0.77, 0.74, 0.8); }',
    transparent: true,
  });
