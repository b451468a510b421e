// Chat templates of real families write what their authors' own library writes; hostile ones are refused.

import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { chatWriterOf, templateText } from './chat.ts';
import { makeChatTemplate } from './chatTemplate.ts';

const chat = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
] as const;
const render = (text: string, config = {}) => makeChatTemplate('mine', text, config).render(chat);

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const isText = (token: unknown) => token !== null && token !== undefined;

/** Turns between markers, a usual system message, tools that nobody has. */
const QWEN2 = `{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}
        {{- tool | tojson }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou write numbers.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == 'user') or (message.role == 'system' and not loop.first) or (message.role == 'assistant' and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`;

/** Writes the first token itself, sets variables, slices the messages, names a date. */
const LLAMA3 = `{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
`;

describe('a chat template', () => {
  it('writes ChatML and Llama 2’s form', () => {
    expect(render(CHATML)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
    );
    const llama =
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content | trim }} [/INST]{% endif %}{% endfor %}";
    expect(render(llama, { bos_token: { content: '<s>' } })).toBe('<s>[INST] Hi [/INST]');
  });

  it.each([
    ['Qwen2', QWEN2, { eos_token: '<|im_end|>', bos_token: null }],
    ['Llama 3', LLAMA3, { bos_token: { content: '<|begin_of_text|>' } }],
  ])(
    'of %s’s style: what the library writes by itself, with and without a system message',
    (_, text, config) => {
      const bos = isText(config.bos_token) ? '<|begin_of_text|>' : undefined;
      for (const messages of [chat, chat.slice(1)]) {
        const alone = new Template(text).render({
          messages,
          add_generation_prompt: true,
          date_string: '26 Jul 2024',
          ...(bos !== undefined && { bos_token: bos }),
        });
        expect(makeChatTemplate('mine', text, config).render(messages)).toBe(alone);
        expect(alone).toContain('Hi');
      }
    },
  );

  it('writes the same on every day, also where the template asks for today', () => {
    const asks = "{{ strftime_now('%d %b %Y') }}, {{ strftime_now('%A, %B %d, %Y') }}";
    expect(render(asks)).toBe('26 Jul 2024, Friday, July 26, 2024');
    expect(render('{% if strftime_now is defined %}yes{% endif %}')).toBe('yes');
    expect(render(LLAMA3)).toContain('Today Date: 26 Jul 2024');
  });

  it('knows the tokens that begin and end texts from the model, where its own file is silent', async () => {
    const ends = {
      decoder: { bos: 1, eos: [2, 0] },
      tokenizer: { entries: ['<pad>', '<s>', '</s>'] },
    };
    const text = '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}';
    const written = (config: object) => chatWriterOf('mine', { ...config }, ends, text)?.(chat);
    expect(await written({})).toBe('<s>Be brief.</s>');
    expect(await written({ eos_token: '<end>' })).toBe('<s>Be brief.<end>');
    expect(chatWriterOf('mine', {}, ends)).toBeUndefined();
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
