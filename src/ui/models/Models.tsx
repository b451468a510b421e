// The place for checkpoints: ways in, what is on its way, all that there are, and a close look at one.

import { usePage } from '../app.ts';
import { Card } from './Card.tsx';
import { Downloads } from './Downloads.tsx';
import { HubForm } from './HubForm.tsx';
import { Library } from './Library.tsx';
import { Tray } from './Tray.tsx';
import { WaysIn } from './WaysIn.tsx';
import './models.css';

export default function Models() {
  const card = usePage((state) => state.models.card);
  return (
    <div className={card ? 'models with-card' : 'models'}>
      <div className="models-list">
        <WaysIn />
        <HubForm />
        <Downloads />
        <Tray />
        <Library />
      </div>
      {card && <Card key={card.id} card={card} />}
    </div>
  );
}
