// How wide a place is, as it changes.

import { type RefObject, useEffect, useState } from 'react';

export function useWidth(place: RefObject<HTMLElement | null>, first = 640): number {
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const watcher = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(120, Math.floor(entry.contentRect.width)));
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [place]);
  return width;
}
