// Short film reviews from a seeded grammar: open-ended text with a gold sentiment, for methods that steer what
// a model writes. Each review leans to praise, to blame, or to neither, and its clauses follow that leaning
// mostly: a model of all reviews writes of any sentiment, and stays with what it has begun.

import { uniforms } from '../core/rng.ts';
import type { Task } from '../core/task.ts';
import { ASPECTS, BAD, DEGREES, FEELINGS, GOOD, JOINTS, sentiment } from '../rewards/sentiment.ts';

const MOODS = 'silent golden last broken distant hidden little burning'.split(' ');
const THINGS = 'river garden letter summer harbor mirror winter road'.split(' ');
/** Probability that a clause praises, by leaning. */
const LEANINGS = [0.1, 0.5, 0.9] as const;
/** Shares of kinds of clauses: "was", "was not"; the rest is "i loved". */
const WAS = 0.6;
const WAS_NOT = 0.2;
const JOINED = 0.4;

export const reviews: Task = {
  title: 'Film reviews',
  summary: 'Write a short film review; the reward is the share of its clauses that praise.',
  difficulty: {
    kind: 'integer',
    label: 'Sentences',
    meaning: 'Example reviews have up to this many sentences; every number is equally likely.',
    min: 1,
    max: 4,
    step: 1,
    default: 2,
  },
  verifiable: false,
  problem(seed, index, difficulty) {
    const next = uniforms(seed, index);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const prompt = `review the ${pick(MOODS)} ${pick(THINGS)}: `;
    const praise = pick(LEANINGS);
    const clause = (): string => {
      const good = next() < praise;
      const kind = next();
      const aspect = pick(ASPECTS);
      if (kind >= WAS + WAS_NOT) {
        const feelings = Object.entries(FEELINGS).filter(([, sign]) => good === sign > 0);
        return `i ${pick(feelings)[0]} the ${aspect}`;
      }
      const not = kind >= WAS;
      const word = pick(good === not ? BAD : GOOD);
      return `the ${aspect} was ${not ? 'not ' : ''}${pick(DEGREES)}${word}`;
    };
    const sentences = Array.from({ length: 1 + Math.floor(next() * difficulty) }, () =>
      next() < JOINED ? `${clause()}${pick(JOINTS)}${clause()}.` : `${clause()}.`,
    );
    return { prompt, answer: sentences.join(' ') };
  },
  form: /^[a-z .]+\.$/,
  reward: (completion) => sentiment(completion),
};
