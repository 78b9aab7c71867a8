/** `npm start -- --port 8080`: installs what is missing, then runs the server. */
import { launch } from './launch.mjs';

await launch(['start', ...process.argv.slice(2)]);
