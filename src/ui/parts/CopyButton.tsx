import { useState } from 'react';
import { useActions } from '../app.ts';
import { Icon } from './Icon.tsx';

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const { copy } = useActions();
  const [face, setFace] = useState(label);
  const act = async () => {
    setFace((await copy(text)) ? 'Copied' : 'Not allowed');
    setTimeout(() => setFace(label), 1500);
  };
  return (
    <button
      type="button"
      className="button quiet"
      disabled={text === ''}
      onClick={() => void act()}
    >
      <Icon name="copy" />
      {face}
    </button>
  );
}
