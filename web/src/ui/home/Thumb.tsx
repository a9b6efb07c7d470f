import { useEffect, useRef } from 'react';
import type { Thumbnail } from '../../upload/thumbnail';

/** A small picture of a scan; a quiet square where there is none. */
export function Thumb({ picture, label }: { picture: Thumbnail | null; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = picture && canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(picture.width, picture.height);
    picture.gray.forEach((value, n) => {
      image.data.set([value, value, value, 255], n * 4);
    });
    context.putImageData(image, 0, 0);
  }, [picture]);
  return (
    <span className="thumb">
      {picture ? (
        <canvas
          ref={canvas}
          width={picture.width}
          height={picture.height}
          {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
        />
      ) : (
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 12c2.5-4 5.2-6 8-6s5.5 2 8 6c-2.5 4-5.2 6-8 6s-5.5-2-8-6Z" />
          <circle cx="12" cy="12" r="2.6" />
        </svg>
      )}
    </span>
  );
}
