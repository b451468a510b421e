// A formula. KaTeX is large and arrives after the page; until then the formula's place is empty.

import { useEffect, useRef } from 'react';
import './tex.css';

const katex = () => import('./katex.ts');

export function Tex({ tex, block = false }: { tex: string; block?: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let wanted = true;
    katex().then(
      ({ render }) => {
        if (wanted && place.current) {
          render(tex, place.current, { displayMode: block, throwOnError: false });
        }
      },
      // Without KaTeX the source is better than nothing.
      () => {
        if (wanted && place.current) place.current.textContent = tex;
      },
    );
    return () => {
      wanted = false;
    };
  }, [tex, block]);
  // A formula that is wider than its place scrolls; who has no pointer scrolls it with the arrow keys.
  useEffect(() => {
    const { current } = place;
    if (!block || !current) return;
    const watch = new ResizeObserver(() => {
      if (current.scrollWidth > current.clientWidth) current.tabIndex = 0;
      else current.removeAttribute('tabindex');
    });
    watch.observe(current);
    return () => watch.disconnect();
  }, [block]);
  return <span className={block ? 'tex block' : 'tex'} ref={place} />;
}
