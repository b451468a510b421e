// The tests see a page's GPU.
import { installDawn } from '../../cli/dawn.ts';

installDawn();
