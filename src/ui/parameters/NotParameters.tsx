// What people take for parameters and is none: settings, which somebody chooses and training does not touch.

const SETTINGS = [
  {
    name: 'Temperature, top-p',
    what: 'how the next token is drawn from what the model says. Move them beside “What comes next” and watch: the distribution changes, not one parameter does.',
  },
  {
    name: 'Learning rate, batch, steps',
    what: 'how training changes the parameters. They are set in Train and are gone when it ends.',
  },
  {
    name: 'Thresholds (α_FB, α_RB), draft length, strengths α',
    what: 'how two models share the work. They are set in Decode.',
  },
  {
    name: 'Layers, heads, width, context length',
    what: 'how many parameters there are. They were chosen before the first one was learned, and are called hyperparameters, as all of these are.',
  },
  {
    name: 'States, attention weights, logits',
    what: 'what the parameters make of a text: computed anew for every token, and forgotten. They are called activations.',
  },
] as const;

export function NotParameters() {
  return (
    <section aria-labelledby="not-parameters">
      <h2 id="not-parameters">What is not a parameter</h2>
      <dl className="settings-list">
        {SETTINGS.map(({ name, what }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="muted">{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
