// Questions about a token or about a model's parameters, answered one after the other whenever no run computes.

import { toFailure } from '../core/errors.ts';
import { inOrder } from '../core/roles.ts';
import type { Ground } from './ground.ts';
import { choose, type Uses } from './hardware.ts';
import { createInspector } from './inspect.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { rolesNeeded } from './roles.ts';
import { throttle } from './throttle.ts';
import type { Workshop } from './workshop.ts';

export type Question = Extract<ToWorker, { readonly type: 'inspect' | 'ask' }>;
type Inspect = Extract<Question, { readonly type: 'inspect' }>;
type AskAbout = Extract<Question, { readonly type: 'ask' }>;

export interface Inquiries {
  put(question: Question): void;
  /** Answers what was put; resolves when all is answered. */
  answerAll(): Promise<void>;
  /** After what is being answered now. */
  after(work: () => Promise<void> | void): void;
  /** Resolves when nothing is being answered. */
  settled(): Promise<void>;
  /** Gives back what was read for earlier questions. */
  rest(): void;
  /** What is looked at may not be what it was. */
  forget(): void;
  /** The GPU is gone, and all states with it. */
  leave(): Promise<void>;
}

export function createInquiries(ground: Ground, post: (message: FromWorker) => void): Inquiries {
  const inspector = createInspector((kernels) => ground.supplies.backend(kernels, 'question'));
  let workshop: Promise<Workshop> | undefined;
  const questions: Question[] = [];
  let answering: Promise<void> = Promise.resolve();

  const answer = (question: Question) =>
    question.type === 'ask' ? tell(question) : inspect(question);

  /** What takes models apart comes when somebody first asks. */
  async function tell({ request, model, ask }: AskAbout): Promise<void> {
    let uses: Uses | undefined;
    try {
      workshop ??= import('./workshop.ts').then((module) => module.createWorkshop());
      uses = choose(model, await ground.hardware());
      const here = uses;
      const progress = throttle(({ loaded = 0, total }) =>
        post({ type: 'errand', request, loaded, ...(total !== undefined && { total }) }),
      );
      const told = (await workshop).answer(model, ask, {
        folderOf: ground.folderOf,
        runtime: () => ground.supplies.runtime(here.provider, () => {}),
        ops: () => ground.supplies.backend(here.kernels, 'question').ops,
        progress: (loaded, total) =>
          progress({ stage: 'download', loaded, ...(total !== undefined && { total }) }),
      });
      post({ type: 'told', request, reply: await ground.unlessLost(uses, told) });
    } catch (error) {
      post({ type: 'refused', request, failure: toFailure(await ground.meaning(uses, error)) });
    }
  }

  async function inspect({ request, experiment, prefix, token }: Inspect): Promise<void> {
    let uses: Uses | undefined;
    try {
      uses = choose(experiment, await ground.hardware());
      const here = uses;
      // Of small and large, the one that the run does not need takes part if it is here anyway.
      const needed = rolesNeeded(experiment);
      const beside = (['small', 'large'] as const).filter((role) =>
        ground.loaded(experiment[role], here),
      );
      const roles = inOrder([...needed, ...beside]);
      const loaded = await ground.load(experiment, roles, uses);
      const looking = inspector.inspect(experiment, uses, loaded, prefix, token);
      const inspection = await ground.unlessLost(uses, looking);
      post({ type: 'inspected', request, inspection });
    } catch (error) {
      const failure = toFailure(await ground.meaning(uses, error));
      post({ type: 'inspectionFailed', request, failure });
    }
  }

  return {
    put: (question) => void questions.push(question),
    answerAll() {
      if (questions.length === 0) return answering;
      answering = answering.then(async () => {
        for (let one = questions.shift(); one; one = questions.shift()) await answer(one);
      });
      return answering;
    },
    after(work) {
      answering = answering.then(work).catch(() => {});
    },
    settled: () => answering,
    rest: () => inspector.rest(),
    forget: () => inspector.forget(),
    async leave() {
      inspector.forget();
      await workshop?.then((one) => one.rest());
    },
  };
}
