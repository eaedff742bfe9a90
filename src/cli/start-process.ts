/** One start task of `saltation bench`, in a process of its own: prints the seconds since the process began. */
import { type StartTask, startTask } from "../suites/start.js";

const [task, backend, software] = process.argv.slice(2);
await startTask(task as StartTask, { backend: backend as "webgpu", software: software === "software" });
process.stdout.write(`${performance.now() / 1000}\n`);
