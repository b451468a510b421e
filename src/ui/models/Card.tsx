// A close look at one checkpoint: what it is made of, what can be done with it here, and its tokenizer to try.

import { useEffect, useId, useRef } from 'react';
import type { ModelCard } from '../../core/modelCard.ts';
import { checkpointTitle } from '../../experiment/catalogue.ts';
import { bytes, parameterCount, plural, quantity } from '../../state/format.ts';
import type { CardState } from '../../state/modelsState.ts';
import { Icon } from '../parts/Icon.tsx';
import { Counted } from './Counted.tsx';
import { Graph } from './Graph.tsx';
import { isUnclear } from './Ports.tsx';
import { TryTokenizer } from './TryTokenizer.tsx';
import { UseIt } from './UseIt.tsx';
import { useModels } from './useModels.ts';
import { Verdicts } from './Verdicts.tsx';

export function Card({ card }: { card: CardState }) {
  const { closeCard } = useModels();
  const title = useId();
  const head = useRef<HTMLHeadingElement>(null);
  // On a narrow screen the card is below the list, and the focus would stay behind.
  useEffect(() => head.current?.focus(), []);
  return (
    <article className="model-card" aria-labelledby={title}>
      <div className="panel-head">
        <h2 id={title} ref={head} tabIndex={-1}>
          {checkpointTitle(card.id)}
        </h2>
        <button
          type="button"
          className="button bare icon"
          onClick={closeCard}
          aria-label="Close the card"
        >
          <Icon name="close" />
        </button>
      </div>
      <UseIt id={card.id} />
      {card.state === 'reading' && (
        <div role="status">
          <p className="fine">Reading the files</p>
          <progress aria-label="Reading the files" />
        </div>
      )}
      {card.state === 'failed' && (
        <div className="card error" role="alert">
          <h3>{card.failure.message}</h3>
          <p>{card.failure.remedy}</p>
        </div>
      )}
      {card.state === 'read' && (
        <>
          <Facts card={card.card} />
          {/* What keeps it from running comes first. */}
          {isUnclear(card.card) && <Graph id={card.id} card={card.card} />}
          <Verdicts preflight={card.preflight} />
          <Counted card={card.card} />
          <TryTokenizer id={card.id} tokenizer={card.card.tokenizer} />
          {!isUnclear(card.card) && <Graph id={card.id} card={card.card} />}
          <Files card={card.card} />
        </>
      )}
    </article>
  );
}

const STORED = {
  'built in': 'with this page',
  browser: 'in this browser',
  memory: 'in memory, gone with this tab',
  disk: 'on the disk',
} as const;

function Facts({ card }: { card: ModelCard }) {
  const { family, parameters, layers, context, vocabulary, tokenizer } = card;
  const facts: [string, string, string?][] = [
    [
      'Parameters',
      parameterCount(parameters),
      `${quantity(parameters)}, ${bytes(card.bytes)} in files`,
    ],
    ['Family', family ?? 'unknown', plural(layers, 'layer')],
    ['Context', `${quantity(context)} tokens`],
    [
      'Vocabulary',
      quantity(vocabulary),
      `${quantity(tokenizer.tokens)} tokens, ${tokenizer.kind}${tokenizer.chatTemplate ? ', with a chat template' : ''}`,
    ],
    ['Licence', card.licence ?? 'not said'],
    ['Source', card.source ?? 'not said'],
    ['Stored', STORED[card.stored]],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value, more]) => (
        <div key={name}>
          <dt className="fine">{name}</dt>
          <dd>{value}</dd>
          {more && <dd className="fine">{more}</dd>}
        </div>
      ))}
      {card.sha256 !== undefined && (
        <div className="wide-fact">
          <dt className="fine">SHA-256</dt>
          <dd className="mono">{card.sha256}</dd>
        </div>
      )}
    </dl>
  );
}

function Files({ card }: { card: ModelCard }) {
  return (
    <details>
      <summary>{plural(card.files.length, 'file')}</summary>
      <ul className="recognised two">
        {card.files.map(({ path, bytes: size }) => (
          <li key={path}>
            <span className="mono">{path}</span>
            <span className="fine num">{bytes(size)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
