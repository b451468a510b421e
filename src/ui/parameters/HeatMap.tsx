// A tensor as a picture in which one can go near: tiles of the level that fits are drawn as they come, whatever the
// tensor's size. A cell can be pointed at, or reached with the arrow keys; what it is and does stands below.

import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { quantity, titled } from '../../state/format.ts';
import { planOf } from '../../state/parameters/plan.ts';
import {
  figure,
  roleOf,
  shapeOf,
  targetName,
  targetsAt,
} from '../../state/parameters/sentences.ts';
import { openTiles, TILE } from '../../state/parameters/tiles.ts';
import type { Opened, Part, Statistics } from '../../state/parameters/types.ts';
import { usePage } from '../app.ts';
import { Around } from './Around.tsx';
import { isDark, paintTile } from './heatColours.ts';
import { useBench, useDials } from './useBench.ts';
import { useWidth } from './useWidth.ts';

interface Props {
  readonly model: Opened;
  readonly part: Part;
  readonly statistics: Statistics;
}

/** What is seen: pixels per element along, and the element at the top left. */
interface Window {
  readonly zoom: number;
  readonly left: number;
  readonly top: number;
}

const HEIGHT = 360;
const NEAREST = 40;
/** A vector is drawn so high that one sees it. */
const VECTOR = 48;

export function HeatMap({ model, part, statistics }: Props) {
  const bench = useBench();
  const { model: role, pins } = useDials();
  const theme = usePage((state) => state.preferences.theme);
  const plan = usePage(({ experiment }) => JSON.stringify(planOf(experiment, role)));
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const room = useWidth(place);
  const { rows, columns } = shapeOf(part);
  const whole = rows === 1 ? VECTOR : Math.min(HEIGHT, Math.max(VECTOR, (room * rows) / columns));
  const fit = Math.min(NEAREST, room / columns, rows === 1 ? NEAREST : whole / rows);
  const [view, setView] = useState<Window>();
  const { zoom, left, top } = view ?? { zoom: fit, left: 0, top: 0 };
  // A narrow matrix has no empty place beside it; from near there is more to see.
  const widthAt = (near: number) => Math.min(room, Math.max(240, Math.ceil(columns * near)));
  const width = widthAt(zoom);
  const heightAt = (near: number) =>
    rows === 1 ? VECTOR : Math.min(HEIGHT, Math.max(whole, Math.ceil(rows * near)));
  const height = heightAt(zoom);
  const [cursor, setCursor] = useState({ row: 0, column: 0 });
  const [drawn, setDrawn] = useState(0);
  const tiles = useMemo(
    () => openTiles(bench, role, part.name, () => setDrawn((n) => n + 1)),
    [bench, role, part.name],
  );
  useEffect(() => () => tiles.close(), [tiles]);
  const painted = useRef(new WeakMap<Float32Array, HTMLCanvasElement>());
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was turned is painted anew
  useEffect(() => tiles.forget(), [plan]);
  const full =
    3 * statistics.deviation || Math.max(Math.abs(statistics.min), Math.abs(statistics.max));
  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours
  useEffect(() => {
    painted.current = new WeakMap();
    setDrawn((n) => n + 1);
  }, [theme, full]);

  const level = Math.max(0, Math.ceil(Math.log2(1 / zoom)));
  const tall = rows === 1 ? VECTOR : zoom;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `drawn` says that there is more to draw
  useEffect(() => {
    const surface = canvas.current;
    const pen = surface?.getContext('2d');
    if (!surface || !pen) return;
    const dense = devicePixelRatio || 1;
    surface.width = width * dense;
    surface.height = height * dense;
    pen.scale(dense, dense);
    pen.imageSmoothingEnabled = false;
    const size = 2 ** level;
    const span = TILE * size;
    pen.save();
    pen.beginPath();
    pen.rect(-left * zoom, -top * tall, columns * zoom, rows * tall);
    pen.clip();
    const dark = isDark();
    const lastDown = Math.min(rows - 1, top + height / tall);
    const lastAlong = Math.min(columns - 1, left + width / zoom);
    for (let down = Math.floor(top / span); down * span <= lastDown; down++) {
      for (let along = Math.floor(left / span); along * span <= lastAlong; along++) {
        const cells = tiles.tile(level, down, along);
        if (!cells) continue;
        const tile = painted.current.get(cells) ?? paintTile(cells, full, dark);
        painted.current.set(cells, tile);
        pen.drawImage(
          tile,
          (along * span - left) * zoom,
          (down * span - top) * tall,
          span * zoom,
          span * tall,
        );
      }
    }
    pen.restore();
    pen.strokeStyle = dark ? '#fff' : '#000';
    pen.lineWidth = 1.5;
    const side = Math.max(5, zoom);
    pen.strokeRect(
      (cursor.column + 0.5 - left) * zoom - side / 2,
      (cursor.row + 0.5 - top) * tall - Math.max(5, tall) / 2,
      side,
      Math.max(5, tall),
    );
  }, [tiles, width, height, zoom, left, top, level, cursor, drawn, full, theme]);

  const valueAt = useCallback(
    (row: number, column: number): number | undefined => {
      const cells = tiles.tile(0, Math.floor(row / TILE), Math.floor(column / TILE));
      return cells?.[(row % TILE) * TILE + (column % TILE)];
    },
    [tiles],
  );

  function look(next: Window): void {
    const near = Math.min(NEAREST, Math.max(fit, next.zoom));
    const high = rows === 1 ? VECTOR : near;
    setView({
      zoom: near,
      left: Math.min(Math.max(0, next.left), Math.max(0, columns - widthAt(near) / near)),
      top: Math.min(Math.max(0, next.top), Math.max(0, rows - heightAt(near) / high)),
    });
  }
  /** The element under (x, y) stays where it is. */
  function zoomAt(factor: number, x: number, y: number): void {
    const near = Math.min(NEAREST, Math.max(fit, zoom * factor));
    const high = rows === 1 ? VECTOR : near;
    look({ zoom: near, left: left + x / zoom - x / near, top: top + y / tall - y / high });
  }
  const zoomCursor = (factor: number) =>
    zoomAt(factor, (cursor.column - left) * zoom, (cursor.row - top) * tall);

  function move(row: number, column: number): void {
    const next = {
      row: Math.min(rows - 1, Math.max(0, row)),
      column: Math.min(columns - 1, Math.max(0, column)),
    };
    setCursor(next);
    // It stays in sight.
    const right = left + width / zoom - 1;
    const bottom = top + height / tall - 1;
    const shiftX = next.column < left ? next.column - left : Math.max(0, next.column - right);
    const shiftY = next.row < top ? next.row - top : Math.max(0, next.row - bottom);
    if (shiftX !== 0 || shiftY !== 0) look({ zoom, left: left + shiftX, top: top + shiftY });
  }

  const grip = useRef<{ x: number; y: number; left: number; top: number; moved: boolean }>(
    undefined,
  );
  const elementAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return {
      row: Math.floor((event.clientY - box.top) / tall + top),
      column: Math.floor((event.clientX - box.left) / zoom + left),
    };
  };

  function press(event: KeyboardEvent): void {
    const step = event.shiftKey ? 2 ** level * 8 : 2 ** level;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(cursor.row, cursor.column - step),
      ArrowRight: () => move(cursor.row, cursor.column + step),
      ArrowUp: () => move(cursor.row - step, cursor.column),
      ArrowDown: () => move(cursor.row + step, cursor.column),
      Home: () => move(0, 0),
      End: () => move(rows - 1, columns - 1),
      '+': () => zoomCursor(2),
      '=': () => zoomCursor(2),
      '-': () => zoomCursor(0.5),
      '0': () => setView(undefined),
    };
    const act = moves[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  const index = cursor.row * columns + cursor.column;
  const value = valueAt(cursor.row, cursor.column);
  const pinned = pins.some(
    (pin) => pin.role === role && pin.tensor === part.name && pin.index === index,
  );
  return (
    <section className="heat" aria-label={`Picture of ${part.name}`}>
      <div className="panel-head">
        <p className="fine">
          Blue is below zero, orange above; full colour at {figure(full)}.{' '}
          {level === 0
            ? 'Each cell is one parameter.'
            : `Each cell stands for ${2 ** level} × ${rows === 1 ? 1 : 2 ** level} parameters and shows the one furthest from zero.`}
        </p>
        <span className="zoom">
          <button type="button" className="button quiet" onClick={() => zoomCursor(2)}>
            Nearer
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => zoomCursor(0.5)}
            disabled={zoom <= fit * 1.001}
          >
            Further
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => setView(undefined)}
            disabled={!view}
          >
            Whole
          </button>
        </span>
      </div>
      <div ref={place} className="canvas-place">
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label={`${part.name}, ${rows} rows and ${columns} columns. Arrow keys go from cell to cell, plus and minus change the scale.`}
          style={{ width, height }}
          onKeyDown={press}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            grip.current = { x: event.clientX, y: event.clientY, left, top, moved: false };
          }}
          onPointerMove={(event) => {
            const held = grip.current;
            if (!held) {
              if (event.pointerType === 'mouse') {
                const { row, column } = elementAt(event);
                if (row >= 0 && row < rows && column >= 0 && column < columns)
                  setCursor({ row, column });
              }
              return;
            }
            const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
            if (Math.abs(dx) + Math.abs(dy) > 4) held.moved = true;
            if (held.moved) look({ zoom, left: held.left - dx / zoom, top: held.top - dy / tall });
          }}
          onPointerUp={(event) => {
            const { moved = true } = grip.current ?? {};
            grip.current = undefined;
            if (moved) return;
            const { row, column } = elementAt(event);
            move(row, column);
            if (zoom < 12) zoomAt(2, (column - left) * zoom, (row - top) * tall);
          }}
          onPointerCancel={() => {
            grip.current = undefined;
          }}
        />
      </div>
      <div className="cell-says" aria-live="polite">
        <p>
          <span className="num">
            {rows > 1 && `Row ${quantity(cursor.row)}, column `}
            {rows === 1 && 'Element '}
            {quantity(cursor.column)}:{' '}
            <b data-testid="cell-value">{value === undefined ? '…' : figure(value)}</b>
          </span>
          <br />
          {titled(roleOf(model, part, index))}.
        </p>
      </div>
      <div className="cell-acts">
        {!model.anatomy.closed &&
          targetsAt(model, part, index).map((target) => (
            <button
              key={target.kind}
              type="button"
              className="button quiet"
              title={targetName(target)}
              onClick={() => bench.choose(target)}
            >
              Turn this {target.kind}
            </button>
          ))}
        {!model.anatomy.closed && (
          <button
            type="button"
            className="button quiet"
            aria-pressed={pinned}
            onClick={() => bench.pin({ role, tensor: part.name, index })}
          >
            {pinned ? 'Unpin' : 'Pin, to watch it learn'}
          </button>
        )}
      </div>
      <Around
        rows={rows}
        columns={columns}
        row={cursor.row}
        column={cursor.column}
        valueAt={valueAt}
        name={part.name}
      />
    </section>
  );
}
