/** `npm run -s switchboard -- token --sub 1`: installs what is missing, then runs one command of the command line. */
import { launch } from './launch.mjs';

await launch(process.argv.slice(2));
