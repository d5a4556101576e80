/** The vocabulary of logs: what a line is about has the same names in every process, so that lines of many can be put together. */

export interface LogFields {
  /** runKey. */
  readonly run?: string | undefined;
  readonly round?: number | undefined;
  /** The worker's id, as `marinade workers` shows it. */
  readonly worker?: string | undefined;
  /** Delivery of a round job, from 1. */
  readonly attempt?: number | undefined;
  readonly fence?: number | undefined;
  /** Runs, where a line is about several. */
  readonly runs?: readonly string[] | undefined;
  /** Somebody must look at it: the level of the line is `error`. */
  readonly alarm?: boolean | undefined;
}

/** Tells whoever operates a process. */
export type Tell = (text: string, about?: LogFields) => void;
