/** The part of the WebAssembly interface used here; the `dom` library would bring a browser's globals with it. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }
}
