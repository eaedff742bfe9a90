/** One start task of `saltation bench`, in a process of its own: prints the seconds since the process began. */
import { type StartOptions, type StartTask, startTask } from "../suites/start.js";

const [task, options] = process.argv.slice(2);
await startTask(task as StartTask, JSON.parse(options!) as StartOptions);
process.stdout.write(`${performance.now() / 1000}\n`);
