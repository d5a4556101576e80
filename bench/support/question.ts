/** What a file of this folder exports: one written question, and how to answer it. */
export interface Question {
  readonly name: string;
  readonly asks: string;
  /** Prints the answer through `print`. */
  answer(print: (line: string) => void): Promise<void>;
}
