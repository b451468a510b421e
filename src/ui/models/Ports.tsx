// Which input and output of the graph is which: as it was found, or as somebody says where names do not tell.

import { useId, useState } from 'react';
import {
  INPUT_ROLES,
  type MappedPort,
  type ModelCard,
  OUTPUT_ROLES,
  type PortRole,
  type PortRoles,
} from '../../core/modelCard.ts';
import { usePage } from '../app.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { useModels } from './useModels.ts';

interface PortsProps {
  readonly id: string;
  readonly card: ModelCard;
}

/** Does something have no part that must have one? */
export const isUnclear = ({ graph: { ports } }: ModelCard): boolean =>
  ports.some(({ goes, role }) => goes === 'in' && role === 'not used') ||
  !ports.some(({ role }) => role === 'logits');

const rolesOf = (ports: readonly MappedPort[]): PortRoles =>
  Object.fromEntries(
    ports.flatMap(({ name, role, guess }) => {
      const known = role === 'not used' ? guess : role;
      return known ? [[name, known] as const] : [];
    }),
  );

export function Ports({ id, card }: PortsProps) {
  const { ports, chosen } = card.graph;
  const failure = usePage((state) => state.models.portsFailure);
  const { setPorts } = useModels();
  const unclear = isUnclear(card);
  const own = card.stored === 'browser' || card.stored === 'memory';
  const [edited, setEdited] = useState<PortRoles | undefined>(
    own && unclear ? rolesOf(ports) : undefined,
  );
  const form = useId();
  return (
    <form
      className="ports"
      onSubmit={(event) => {
        event.preventDefault();
        if (edited) setPorts(id, edited);
      }}
    >
      {unclear && (
        <p>
          {own
            ? 'Names, types and shapes do not say what everything here is for. Say it, and the model can be used.'
            : 'Not everything here is understood.'}
        </p>
      )}
      <Scroller label="Inputs and outputs">
        <table>
          <thead>
            <tr>
              <th scope="col">Input or output</th>
              <th scope="col">Taken for</th>
              <th scope="col">Type</th>
              <th scope="col">Shape</th>
            </tr>
          </thead>
          <tbody>
            {ports.map((port) => (
              <tr key={`${port.goes} ${port.name}`}>
                <th scope="row" className="mono">
                  {port.name}
                </th>
                <td>
                  {edited ? (
                    <RoleOf port={port} roles={edited} onRoles={setEdited} form={form} />
                  ) : (
                    port.role
                  )}
                </td>
                <td>{port.type}</td>
                <td className="mono">{port.shape.join(' × ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      {failure && (
        <p className="wrong" role="alert">
          {failure.message} {failure.remedy}
        </p>
      )}
      {own && (
        <div className="actions">
          {edited ? (
            <>
              <button type="submit" className="button">
                Use it so
              </button>
              {!unclear && (
                <button type="button" className="button quiet" onClick={() => setEdited(undefined)}>
                  Leave it
                </button>
              )}
            </>
          ) : (
            <button
              type="button"
              className="button quiet"
              onClick={() => setEdited(rolesOf(ports))}
            >
              Say otherwise
            </button>
          )}
          {chosen && (
            <button type="button" className="button quiet" onClick={() => setPorts(id, undefined)}>
              As it is found by itself
            </button>
          )}
        </div>
      )}
    </form>
  );
}

interface RoleOfProps {
  readonly port: MappedPort;
  readonly roles: PortRoles;
  readonly onRoles: (roles: PortRoles) => void;
  readonly form: string;
}

function RoleOf({ port: { name, goes }, roles, onRoles, form }: RoleOfProps) {
  const change = (role: string) => {
    const { [name]: _, ...others } = roles;
    onRoles(role === '' ? others : { ...others, [name]: role as PortRole });
  };
  return (
    <select
      id={`${form}-${goes}-${name}`}
      aria-label={`${name} is`}
      value={roles[name] ?? ''}
      onChange={({ target }) => change(target.value)}
    >
      <option value="">{goes === 'in' ? 'choose' : 'not used'}</option>
      {(goes === 'in' ? INPUT_ROLES : OUTPUT_ROLES).map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  );
}
