// Prompts as chat: offered where the model that writes comes with a chat template.

import { canChat } from '../../state/vocabularies.ts';
import { useActions, usePage } from '../app.ts';

export function AsChat() {
  const chat = usePage((state) => state.experiment.promptAs === 'chat');
  const can = usePage((state) => canChat(state.experiment, state.vocabularies));
  const { set } = useActions();
  if (!chat && !can) return null;
  return (
    <div className="as-chat">
      <label>
        <input
          type="checkbox"
          checked={chat}
          aria-describedby="as-chat-meaning"
          onChange={({ target }) => set('promptAs', target.checked ? 'chat' : 'text')}
        />
        As chat
      </label>
      {can === false ? (
        <p className="wrong" role="status" id="as-chat-meaning">
          The model that writes has no chat template: send prompts as plain text, or choose another
          checkpoint.
        </p>
      ) : (
        <p className="fine" id="as-chat-meaning">
          A prompt is a user’s message, put as the chat template of the model that writes puts it.
          All models that share its vocabulary read the same tokens.
        </p>
      )}
    </div>
  );
}
