// The name of a kept checkpoint, changed where it stands.

import { useState } from 'react';
import { useActions } from '../app.ts';

export function NameField({ id, name }: { id: string; name: string }) {
  const { rename } = useActions();
  const [typed, setTyped] = useState<string>();
  const save = () => {
    if (typed !== undefined && typed.trim() !== '' && typed !== name) rename(id, typed.trim());
    setTyped(undefined);
  };
  return (
    <input
      className="name-field"
      aria-label="Name"
      maxLength={80}
      value={typed ?? name}
      onChange={({ target }) => setTyped(target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
        if (event.key === 'Escape') {
          event.stopPropagation();
          setTyped(undefined);
        }
      }}
    />
  );
}
