/** Files from the user: a button that opens one, and files dropped anywhere on the page. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Ends of names of what the page opens; a file is then told by how it begins. */
export const openedFiles = ".json,.npz,.csv,.nwb,.h5,.hdf5,.parquet,application/json";

interface Options {
  /** What the hidden field of the file is called. */
  label: string;
  accept: string;
  disabled?: boolean;
  take: (file: File) => void;
  children: ComponentChildren;
}

export function OpenFile({ label, accept, disabled = false, take, children }: Options) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) take(file);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

/** @param hover is told whether a file is held over the page. */
export function useDroppedFile(take: (file: File) => void, hover: (over: boolean) => void = () => {}): void {
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      hover(true);
    };
    const leave = (): void => hover(false);
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      hover(false);
      const file = event.dataTransfer?.files[0];
      if (file) take(file);
    };
    document.addEventListener("dragover", over);
    document.addEventListener("dragleave", leave);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
    };
  }, []);
}
