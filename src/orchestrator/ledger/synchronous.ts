/** An interface of promises, as the same calls that return at once. */
export type Synchronous<Interface> = {
  readonly [Name in keyof Interface]: Interface[Name] extends (...parameters: infer Parameters) => Promise<infer Value>
    ? (...parameters: Parameters) => Value
    : never;
};
