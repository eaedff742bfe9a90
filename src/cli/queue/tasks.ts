/** Jobs of the queue, handed out and waited for. */
import type { Job, JobsOptions, Queue, QueueEvents } from "bullmq";
import { SaltationError as Fault, type SaltationError } from "../../errors.js";
import { oneLine } from "../output.js";
import { type Connected, prefix, type QueueOptions } from "./connection.js";

/** Milliseconds between looks at jobs whose end no event has told: events are lost with a connection. */
const lookEvery = 2000;

export interface Handed<D> {
  readonly id: string;
  readonly data: D;
}

export interface TaskOptions {
  /** How often a job is tried that its worker, or its device, did not get done. */
  readonly tries: number;
  /** Whether none of the jobs can be there already. */
  readonly fresh?: boolean;
  /** Whether what was done is kept for a day, to be taken up by another run; default true. */
  readonly keep?: boolean;
  readonly onDone?: (id: string, returned: string) => void;
  /** Is given what takes results that come past the queue, which tells of them later. */
  readonly past?: (take: (id: string, returned: string) => void) => void;
  readonly onProgress?: (id: string, part: number) => void;
}

/** What became of a job that no try got done. */
const deadLetter = (id: string, reason: string, tries: number): SaltationError =>
  new Fault(
    "invalid-input",
    `${id} is among the dead letters after ${tries === 1 ? "1 try" : `${tries} tries`}: ${oneLine(reason)} (saltation queue shows and retries them)`,
  );

/** A queue, from the side of those who hand out jobs. */
export class TaskQueue {
  private constructor(
    readonly queue: Queue,
    private readonly events: QueueEvents | undefined,
  ) {}

  /**
   * @param how.told whether all that happens in the queue is told: without it jobs are looked at, for those whose results come past
   * the queue.
   */
  static async open(
    connected: Connected,
    { queue }: Pick<QueueOptions, "queue">,
    how: { readonly told: boolean } = { told: true },
  ): Promise<TaskQueue> {
    const { Queue: Queues, QueueEvents: Events, redis, another } = connected;
    const ignored = (): void => {}; // the connection tells
    const own = new Queues(queue, { connection: redis, prefix });
    own.on("error", ignored);
    const events = how.told ? new Events(queue, { connection: another(), prefix }) : undefined;
    events?.on("error", ignored);
    await events?.waitUntilReady();
    return new TaskQueue(own, events);
  }

  /**
   * Hands jobs out, of those that are there already takes what comes, and waits for all of them.
   * @returns what each returned.
   * @throws SaltationError as soon as one is given up; those of the others that have not begun are taken back.
   */
  async all<D>(name: string, jobs: readonly Handed<D>[], options: TaskOptions): Promise<Map<string, string>> {
    const how: JobsOptions = {
      attempts: options.tries,
      backoff: { type: "exponential", delay: 500 },
      removeOnComplete: { age: options.keep === false ? 600 : 86400 },
      stackTraceLimit: 1,
    };
    const wanted = new Set(jobs.map((j) => j.id));
    const returned = new Map<string, string>();
    const known = new Map<string, Job>();
    let settle = (_?: Error): void => {};
    const settled = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    settled.catch(() => {});
    const completed = (id: string, value: unknown): void => {
      if (!wanted.has(id) || returned.has(id)) return;
      returned.set(id, String(value));
      options.onDone?.(id, returned.get(id)!);
      if (returned.size === wanted.size) settle();
    };
    options.past?.(completed);
    const failed = (id: string, reason: string, tries: number): void => {
      if (wanted.has(id) && !returned.has(id)) settle(deadLetter(id, reason, tries));
    };
    const onCompleted = ({ jobId, returnvalue }: { jobId: string; returnvalue: unknown }): void =>
      completed(jobId, returnvalue);
    const onFailed = ({ jobId, failedReason }: { jobId: string; failedReason: string }): void => {
      if (!wanted.has(jobId)) return;
      const tell = (job: Job | undefined): void => failed(jobId, failedReason, job?.attemptsMade ?? 1);
      this.queue.getJob(jobId).then(tell, () => {}); // else the next look tells
    };
    const onProgress = ({ jobId, data }: { jobId: string; data: unknown }): void => {
      if (wanted.has(jobId) && typeof data === "number") options.onProgress?.(jobId, data);
    };
    this.events?.on("completed", onCompleted).on("failed", onFailed).on("progress", onProgress);
    const add = async (some: readonly Handed<D>[]): Promise<void> => {
      const added = await this.queue.addBulk(some.map(({ id, data }) => ({ name, data, opts: { ...how, jobId: id } })));
      for (const job of added) known.set(job.id!, job);
    };
    const look = async (): Promise<void> => {
      for (const id of wanted) {
        if (returned.has(id)) continue;
        const job = await this.queue.getJob(id);
        // Taken away by who handed out the same, or lost with its Redis.
        if (!job) await add(jobs.filter((j) => j.id === id));
        if (job?.finishedOn === undefined) continue;
        if (job.failedReason && (await job.isFailed())) failed(id, job.failedReason, job.attemptsMade);
        else if (await job.isCompleted()) completed(id, job.returnvalue);
      }
    };
    let looking = false;
    const timer = setInterval(() => {
      if (looking) return;
      looking = true;
      look().then(
        () => (looking = false),
        () => (looking = false),
      );
    }, lookEvery);
    try {
      if (!options.fresh) {
        for (const { id } of jobs) {
          // One that failed before is tried anew.
          const there = await this.queue.getJob(id);
          if (there && (await there.isFailed())) await there.remove();
        }
      }
      await add(jobs);
      if (!options.fresh) await look();
      if (wanted.size === 0) settle();
      await settled;
    } catch (error) {
      for (const [id, job] of known) {
        // Dead letters stay where they are.
        if (!returned.has(id) && !(await job.isFailed().catch(() => true))) await job.remove().catch(() => {});
      }
      throw error;
    } finally {
      clearInterval(timer);
      this.events?.off("completed", onCompleted).off("failed", onFailed).off("progress", onProgress);
    }
    return returned;
  }

  /** Takes finished jobs away. */
  async forget(ids: Iterable<string>): Promise<void> {
    for (const id of ids) await this.queue.remove(id);
  }

  async close(): Promise<void> {
    await this.events?.close();
    await this.queue.close();
  }
}
