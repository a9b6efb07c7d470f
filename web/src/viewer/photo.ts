import { SRGBColorSpace, UnsignedByteType, WebGLRenderTarget } from 'three';
import type { Stage } from './stage';

const MOST = 4096; // pixels along a side: what every graphics processor can draw at once

export interface PictureOptions {
  /** Without the stage behind the organs. */
  transparent?: boolean;
}

/** The scene as a sheet of pixels, as many times as large as on the screen. */
export function photograph(stage: Stage, times: number): { sheet: HTMLCanvasElement; scale: number } {
  const scale = Math.min(times, MOST / Math.max(stage.width, stage.height));
  const [width, height] = [Math.round(stage.width * scale), Math.round(stage.height * scale)];
  const samples = stage.software ? 0 : 4;
  const target = new WebGLRenderTarget(width, height, { stencilBuffer: true, samples, type: UnsignedByteType });
  target.texture.colorSpace = SRGBColorSpace;
  const { renderer } = stage;
  const pixels = new Uint8ClampedArray(4 * width * height);
  try {
    renderer.setRenderTarget(target);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    stage.draw();
    renderer.readRenderTargetPixels(target, 0, 0, width, height, pixels);
  } finally {
    renderer.setRenderTarget(null);
    target.dispose();
  }
  const sheet = document.createElement('canvas');
  [sheet.width, sheet.height] = [width, height];
  sheet.getContext('2d')?.putImageData(new ImageData(upright(pixels, width, height), width), 0, 0);
  return { sheet, scale };
}

/** The graphics processor counts rows from below, and multiplies colours by their opacity. */
function upright(pixels: Uint8ClampedArray, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(pixels.length);
  for (let y = 0; y < height; y++) {
    out.set(pixels.subarray(4 * width * (height - 1 - y), 4 * width * (height - y)), 4 * width * y);
  }
  for (let i = 0; i < out.length; i += 4) {
    const alpha = out[i + 3] as number;
    if (alpha === 0 || alpha === 255) continue;
    for (let k = 0; k < 3; k++) out[i + k] = ((out[i + k] as number) * 255) / alpha;
  }
  return out;
}

/** Paints the stage behind the organs, as the page does. */
export function backdrop(ctx: CanvasRenderingContext2D, host: HTMLElement, width: number, height: number): void {
  const style = getComputedStyle(host);
  const colour = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const light = ctx.createRadialGradient(
    width / 2,
    height * 0.4,
    0,
    width / 2,
    height * 0.4,
    Math.hypot(width, height) * 0.6,
  );
  light.addColorStop(0, colour('--stage-light', '#1a212c'));
  light.addColorStop(1, colour('--stage', '#0b0e13'));
  ctx.fillStyle = light;
  ctx.fillRect(0, 0, width, height);
}

export const blob = (sheet: HTMLCanvasElement): Promise<Blob> =>
  new Promise((done, fail) => sheet.toBlob((b) => (b ? done(b) : fail(new Error('no picture came'))), 'image/png'));

const FILM = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm', 'video/mp4'];

/** Whether this browser can record a film. */
export const films = (): boolean =>
  typeof MediaRecorder !== 'undefined' && FILM.some((t) => MediaRecorder.isTypeSupported(t));

/**
 * Records what frame draws onto a sheet. Each frame is drawn when the one before is on
 * film, so that a slow machine records the same film, only later.
 */
export async function film(
  sheet: HTMLCanvasElement,
  frames: number,
  perSecond: number,
  frame: (n: number) => Promise<void>,
  signal: AbortSignal,
): Promise<Blob> {
  const type = FILM.find((t) => MediaRecorder.isTypeSupported(t));
  if (!type) throw new Error('this browser records no films');
  const stream = sheet.captureStream(0);
  const track = stream.getVideoTracks()[0] as CanvasCaptureMediaStreamTrack;
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 8e6 });
  const parts: Blob[] = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const ended = new Promise<void>((done) => {
    recorder.onstop = () => done();
  });
  recorder.start();
  try {
    for (let n = 0; n < frames; n++) {
      signal.throwIfAborted();
      const began = performance.now();
      recorder.resume();
      await frame(n);
      track.requestFrame();
      await new Promise((done) => setTimeout(done, Math.max(0, 1000 / perSecond - (performance.now() - began))));
    }
  } finally {
    recorder.stop();
    track.stop();
  }
  await ended;
  return new Blob(parts, { type });
}
