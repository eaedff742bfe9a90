/** The engine of the page: opened once, and opened anew when its device is lost, any number of times. */
import { SaltationError } from "../../../src/index.js";

export type Backend = "webgpu" | "simd" | "cpu";

/** What the page may ask for; `auto` is a hardware GPU, or else `simd`. */
export type Asked = "auto" | Exclude<Backend, "cpu">;

/** What an engine is to its keeper. */
export interface Losable {
  readonly gpu?: { readonly lost: Promise<SaltationError> } | undefined;
  dispose(): void;
}

export type DeviceNews =
  /** `times` in a row; the next device is opened after so many seconds. */
  { kind: "lost"; message: string; times: number; seconds: number } | { kind: "recovered" };

export interface KeeperHost<E> {
  create(backend: Asked): Promise<E>;
  /** Resolves after so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
  now(): number;
  tell(news: DeviceNews): void;
  /** A device was lost, and the next one is on its way: for work that rests. */
  lost?(error: SaltationError): void;
}

/** Milliseconds before the next device is opened: the more were lost in a row, the longer. The last one stays. */
const pauses = [0, 500, 1000, 2000, 4000, 8000, 15_000, 30_000];
/** A device that lasted so many milliseconds ends the row. */
const steady = 60_000;
/** An adapter that says nothing for so many milliseconds is asked again. */
const longest = 15_000;

/** Milliseconds that a device has to say that it is lost, once something failed on it: a busy browser says so late. */
const late = 1000;

const overtaken = (): SaltationError => new SaltationError("device-lost", "another engine was opened meanwhile");

export class EngineKeeper<E extends Losable> {
  private current: E | undefined;
  private opening: Promise<E> | undefined;
  /** The last attempt at an engine: what an earlier one gives counts no more. */
  private attempt = 0;
  private losses = 0;
  private lastLoss: SaltationError | undefined;
  private openedAt = 0;
  private skip = (): void => {};
  /** Work under way: it is told of a loss at once, whether or not the device ever answers. */
  private readonly users = new Set<(error: SaltationError) => void>();

  constructor(private readonly host: KeeperHost<E>) {}

  /** Opens an engine in place of what there is. Fails with `no-adapter` where there is none of that kind. */
  open(backend: Asked): Promise<E> {
    const before = this.current;
    this.current = undefined;
    this.losses = 0;
    before?.dispose();
    this.interrupt(overtaken());
    const opening = this.create(backend);
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    this.skip();
    return opening;
  }

  /** Whether there is an engine, or one on its way. */
  get opened(): boolean {
    return this.current !== undefined || this.opening !== undefined;
  }

  /** The engine there is, if its device is not lost. */
  get standing(): E | undefined {
    return this.current;
  }

  /** The engine, or the next one where its device is lost. @throws SaltationError `no-adapter` where none was opened. */
  async live(): Promise<E> {
    while (!this.current) {
      const { opening } = this;
      if (!opening) throw new SaltationError("no-adapter", "no engine is open");
      await opening.catch((error: unknown) => {
        if (this.opening === opening) throw error;
      });
    }
    return this.current;
  }

  /** Ends the pause before the next device. */
  retry(): void {
    this.skip();
  }

  /**
   * Does something with a live engine.
   * @throws SaltationError `device-lost` as soon as its device is lost, whatever becomes of what was done with it.
   */
  async use<T>(act: (engine: E) => Promise<T>): Promise<T> {
    const engine = await this.live();
    let user: ((error: SaltationError) => void) | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        user = reject;
        this.users.add(reject);
        act(engine).then(resolve, reject);
      });
    } catch (error) {
      // What fails may tell of it sooner than the device, and in other words.
      if (isLoss(error)) this.lose(engine, error);
      else if (engine.gpu && !isOfTheWork(error)) await Promise.race([engine.gpu.lost, this.host.wait(late)]);
      await this.host.wait(0);
      throw engine === this.current || isLoss(error) ? error : (this.lastLoss ?? error);
    } finally {
      if (user) this.users.delete(user);
    }
  }

  private async create(backend: Asked, mine = ++this.attempt): Promise<E> {
    const engine = await this.host.create(backend);
    if (mine !== this.attempt || this.current) {
      engine.dispose();
      throw overtaken();
    }
    this.current = engine;
    this.openedAt = this.host.now();
    void engine.gpu?.lost.then((error) => this.lose(engine, error));
    return engine;
  }

  private lose(engine: E, error: SaltationError): void {
    if (engine !== this.current) return;
    this.current = undefined;
    engine.dispose();
    if (this.host.now() - this.openedAt > steady) this.losses = 0;
    const opening = this.recover(error.message);
    this.opening = opening;
    opening.catch(() => {});
    this.interrupt(error);
    this.host.lost?.(error);
  }

  private interrupt(error: SaltationError): void {
    this.lastLoss = error;
    for (const reject of this.users) reject(error);
    this.users.clear();
  }

  /** Tries until there is a device, or another engine is opened. */
  private async recover(why: string): Promise<E> {
    let message = why;
    const mine = ++this.attempt;
    /** Devices that were asked for: one that comes late, from an adapter that is busy, serves as well as the next. */
    const asked = new Set<Promise<E>>();
    for (;;) {
      const pause = pauses[Math.min(this.losses++, pauses.length - 1)]!;
      this.host.tell({ kind: "lost", message, times: this.losses, seconds: pause / 1000 });
      if (pause > 0) await this.pause(pause);
      if (mine !== this.attempt) throw overtaken();
      const created = this.create("webgpu", mine);
      asked.add(created);
      created.catch(() => asked.delete(created));
      try {
        const engine = await Promise.race([...asked, this.silence()]);
        if (engine !== this.current) throw overtaken();
        this.host.tell({ kind: "recovered" });
        return engine;
      } catch (error) {
        if (mine !== this.attempt) throw error;
        message = (error as Error).message;
      }
    }
  }

  private async silence(): Promise<never> {
    await this.host.wait(longest);
    throw new SaltationError("no-adapter", `no device within ${longest / 1000} seconds`);
  }

  private async pause(milliseconds: number): Promise<void> {
    await Promise.race([
      this.host.wait(milliseconds),
      new Promise<void>((resolve) => {
        this.skip = resolve;
      }),
    ]);
    this.skip = () => {};
  }
}

export const isLoss = (error: unknown): error is SaltationError =>
  error instanceof SaltationError && error.code === "device-lost";

/** Whether an error is of what was asked for, whatever becomes of the device. */
const isOfTheWork = (error: unknown): boolean =>
  error instanceof SaltationError && (error.code === "invalid-input" || error.code === "not-finite");
