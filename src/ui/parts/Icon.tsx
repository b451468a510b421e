// The few signs that the page uses, drawn in the colour of the text around them.

const paths = {
  run: <path d="M4.5 2.8v10.4L13 8z" fill="currentColor" />,
  pause: <path d="M4 3h2.8v10H4zM9.2 3H12v10H9.2z" fill="currentColor" />,
  step: <path d="M3.5 3v10L10 8zM11 3h2v10h-2z" fill="currentColor" />,
  stop: <path d="M3.5 3.5h9v9h-9z" fill="currentColor" />,
  reset: <path d="M3.2 8a4.8 4.8 0 1 0 1.6-3.6M3 2.2v3h3" fill="none" stroke="currentColor" />,
  dice: (
    <g>
      <rect x="2.5" y="2.5" width="11" height="11" rx="2" fill="none" stroke="currentColor" />
      <circle cx="5.6" cy="5.6" r="1.1" fill="currentColor" />
      <circle cx="10.4" cy="10.4" r="1.1" fill="currentColor" />
      <circle cx="8" cy="8" r="1.1" fill="currentColor" />
    </g>
  ),
  link: (
    <path
      d="M6.8 9.2a2.4 2.4 0 0 0 3.4 0l2.2-2.2A2.4 2.4 0 0 0 9 3.6l-.8.8M9.2 6.8a2.4 2.4 0 0 0-3.4 0L3.6 9A2.4 2.4 0 0 0 7 12.4l.8-.8"
      fill="none"
      stroke="currentColor"
    />
  ),
  copy: <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" fill="none" stroke="currentColor" />,
  theme: (
    <g>
      <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" />
      <path d="M8 2.5a5.5 5.5 0 0 0 0 11z" fill="currentColor" />
    </g>
  ),
  look: (
    <g fill="none" stroke="currentColor">
      <path d="M1.8 8S4 4 8 4s6.2 4 6.2 4S12 12 8 12 1.8 8 1.8 8z" />
      <circle cx="8" cy="8" r="1.8" />
    </g>
  ),
  open: <path d="M2.5 13V3h4l1.5 2h5.5v8z" fill="none" stroke="currentColor" />,
  save: <path d="M8 2.5v7m-3-3 3 3 3-3M3 11v2.5h10V11" fill="none" stroke="currentColor" />,
  bin: <path d="M3 4.5h10M6 4V2.5h4V4M4.5 4.5l.6 9h5.8l.6-9" fill="none" stroke="currentColor" />,
  pin: <path d="M6 2.5h4l-.6 4.2 2.6 2.6H4l2.6-2.6zM8 9.3v4.2" fill="none" stroke="currentColor" />,
  pinned: (
    <path
      d="M6 2.5h4l-.6 4.2 2.6 2.6H4l2.6-2.6zM8 9.3v4.2"
      fill="currentColor"
      stroke="currentColor"
    />
  ),
  plus: <path d="M8 3v10M3 8h10" fill="none" stroke="currentColor" />,
  close: <path d="m4 4 8 8m0-8-8 8" fill="none" stroke="currentColor" />,
} as const;

export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" strokeWidth="1.4" aria-hidden="true">
      {paths[name]}
    </svg>
  );
}
