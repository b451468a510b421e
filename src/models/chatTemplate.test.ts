// Chat templates of real families write what their authors' own library writes; hostile ones are refused.

import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { makeChatTemplate, templateText } from './chatTemplate.ts';

const chat = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
] as const;
const render = (text: string, config = {}) => makeChatTemplate('mine', text, config).render(chat);

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

describe('a chat template', () => {
  it('writes ChatML and Llama 2’s form', () => {
    expect(render(CHATML)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
    );
    const llama =
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content | trim }} [/INST]{% endif %}{% endfor %}";
    expect(render(llama, { bos_token: { content: '<s>' } })).toBe('<s>[INST] Hi [/INST]');
  });

  it('is found where it is kept', () => {
    expect(templateText({ chat_template: 'a' }, 'b')).toBe('b');
    expect(templateText({ chat_template: 'a' })).toBe('a');
    const several = [
      { name: 'tool_use', template: 't' },
      { name: 'default', template: 'd' },
    ];
    expect(templateText({ chat_template: several })).toBe('d');
    expect(templateText({})).toBeUndefined();
  });

  it.each([
    ['unfinished', '{% for m in messages %}'],
    ['no Jinja', '{{ 1 + }}'],
    ['raises', "{{ raise_exception('system role not supported') }}"],
    ['too long', 'x'.repeat(200_000)],
    ['counts for ever', '{% for i in range(1000000000) %}x{% endfor %}'],
    ['loops within loops', `${'{% for i in range(100) %}'.repeat(6)}x${'{% endfor %}'.repeat(6)}`],
    ['range by range', `${'{% for i in range(99) %}'.repeat(4)}x${'{% endfor %}'.repeat(4)}`],
    ['multiplies text', "{{ 'a' * 1000000000 }}"],
    ['amplifies', `{% for i in range(9999) %}${'y'.repeat(1000)}{% endfor %}`],
    ['reaches for the host', '{{ messages.constructor.constructor("return 1")() }}'],
  ])('%s: refused in words', (_, text) => {
    try {
      render(text);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return;
    }
    throw new Error('accepted');
  });
});
