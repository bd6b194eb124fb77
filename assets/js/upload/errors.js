/** Something that trying again may mend: the network, a busy server, a request that expired while it waited. */
export class PassingError extends Error {}

/** The server said no, for a reason that trying again will not change. `message` is meant for the user. */
export class RefusedError extends Error {
  constructor(message, { status = 0, errors = [] } = {}) {
    super(message);
    this.status = status;
    /** Which fields of the request were wrong: `{ pointer, message }`. */
    this.errors = errors;
  }
}

export class UnreadableFileError extends Error {
  constructor() {
    super("This file can no longer be read. It was changed, moved or removed since you chose it: choose it again.");
  }
}
