// Icons are strokes on a grid of 20, in the colour of the text beside them. A word names
// each of them where it is used, so that none speaks by itself.
const shapes = {
  back: <path d="M11.5 4.5 6 10l5.5 5.5M6.5 10H16" />,
  check: <path d="m4.5 10.5 3.5 3.5 7.5-8" />,
  chevron: <path d="m6 8 4 4 4-4" />,
  close: <path d="m5 5 10 10M15 5 5 15" />,
  copy: (
    <>
      <rect x="7" y="7" width="9" height="9" rx="2" />
      <path d="M13 4.5A1.5 1.5 0 0 0 11.5 3h-6A2.5 2.5 0 0 0 3 5.5v6A1.5 1.5 0 0 0 4.5 13" />
    </>
  ),
  download: <path d="M10 3.5v9m-4-4 4 4 4-4M4 16.5h12" />,
  eye: (
    <>
      <path d="M2.5 10S5 4.8 10 4.8 17.5 10 17.5 10 15 15.2 10 15.2 2.5 10 2.5 10Z" />
      <circle cx="10" cy="10" r="2.3" />
    </>
  ),
  eyeOff: (
    <path d="M3 3l14 14M8 5.1A7.6 7.6 0 0 1 10 4.8c5 0 7.5 5.2 7.5 5.2a13 13 0 0 1-2.1 2.8M5.3 6.3A12.6 12.6 0 0 0 2.5 10S5 15.2 10 15.2a7.7 7.7 0 0 0 3.6-.9" />
  ),
  eyeHalf: (
    <>
      <path d="M2.5 10S5 4.8 10 4.8 17.5 10 17.5 10 15 15.2 10 15.2 2.5 10 2.5 10Z" strokeDasharray="2.4 2.4" />
      <circle cx="10" cy="10" r="2.3" />
    </>
  ),
  isolate: (
    <>
      <circle cx="10" cy="10" r="2.8" />
      <path d="M3.5 7V4.5a1 1 0 0 1 1-1H7m6 0h2.5a1 1 0 0 1 1 1V7m0 6v2.5a1 1 0 0 1-1 1H13m-6 0H4.5a1 1 0 0 1-1-1V13" />
    </>
  ),
  keyboard: (
    <>
      <rect x="2.5" y="5" width="15" height="10" rx="2" />
      <path d="M5.5 8h.01M8.5 8h.01M11.5 8h.01M14.5 8h.01M7 12h6" />
    </>
  ),
  link: (
    <path d="M8.5 11.5a3 3 0 0 0 4.3 0l2.9-2.9a3 3 0 0 0-4.3-4.3l-.9.9m1 3.3a3 3 0 0 0-4.3 0l-2.9 2.9a3 3 0 0 0 4.3 4.3l.9-.9" />
  ),
  list: <path d="M7.5 5H17M7.5 10H17M7.5 15H17M3.5 5h.01M3.5 10h.01M3.5 15h.01" />,
  minus: <path d="M4.5 10h11" />,
  moon: <path d="M16 11.8A6.5 6.5 0 0 1 8.2 4a6.5 6.5 0 1 0 7.8 7.8Z" />,
  more: <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" strokeWidth="2.6" />,
  pair: <path d="M10 3v14M7 6.5 3.5 10 7 13.5m6-7 3.5 3.5-3.5 3.5" />,
  pin: (
    <>
      <circle cx="10" cy="10" r="3.5" />
      <path d="M10 2.5v3M10 14.5v3M2.5 10h3M14.5 10h3" />
    </>
  ),
  plus: <path d="M10 4.5v11M4.5 10h11" />,
  receipt: <path d="M5 2.5h10v15l-2.5-1.6L10 17.5l-2.5-1.6L5 17.5zM8 6.5h4M8 9.5h4" />,
  redo: <path d="M12.5 4 16 7.5 12.5 11M15.5 7.5H8a4 4 0 0 0 0 8h3" />,
  retry: <path d="M15.5 5v3.5H12M15.2 8.2A6 6 0 1 0 16 11.5" />,
  search: (
    <>
      <circle cx="9" cy="9" r="5" />
      <path d="m13 13 4 4" />
    </>
  ),
  share: <path d="M10 12.5V3m-3.5 3L10 2.8 13.5 6M5.5 9H4.5v8h11V9h-1" />,
  sun: (
    <>
      <circle cx="10" cy="10" r="3.2" />
      <path d="M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1" />
    </>
  ),
  trash: <path d="M3.5 5.5h13M8 5V3.5h4V5M5.5 5.5l.7 11h7.6l.7-11M8.5 9v4.5M11.5 9v4.5" />,
  undo: <path d="M7.5 4 4 7.5 7.5 11M4.5 7.5H12a4 4 0 0 1 0 8H9" />,
  warn: <path d="M10 3 2.5 16h15zM10 8v3.5M10 13.7v.01" />,
  wrench: (
    <path d="M12.3 3.2a4 4 0 0 0-4.9 5.2L3 12.8V16h3.2l.6-.6v-1.9h1.9l2.1-2.1a4 4 0 0 0 5.2-4.9l-2.3 2.3-2.4-.7-.7-2.4z" />
  ),
};
export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  );
}

/** The brand: an eye whose iris is a scan. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <circle cx="12" cy="12" r="9.5" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <circle cx="12" cy="12" r="5.2" fill="none" stroke="currentColor" strokeWidth="2.6" />
      <circle cx="12" cy="12" r="1.5" fill="currentColor" />
    </svg>
  );
}
