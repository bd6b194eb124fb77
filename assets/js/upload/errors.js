import { gettext } from "../language.js";

/** Something that trying again may mend: the network, a busy server, a request that expired while it waited. */
export class PassingError extends Error {
  constructor(message, { unreached = false } = {}) {
    super(message);
    /** Nobody answered: the network is away, rather than a server in trouble. */
    this.unreached = unreached;
  }
}

/** The server said no, for a reason that trying again will not change. `message` is meant for the user. */
export class RefusedError extends Error {
  constructor(message, { status = 0, errors = [] } = {}) {
    super(message);
    this.status = status;
    /** Which fields of the request were wrong: `{ pointer, message }`. */
    this.errors = errors;
  }
}

/** Nobody is signed in any more: all files wait until somebody is. */
export class SessionEndedError extends RefusedError {
  constructor() {
    super(gettext("Your session has ended. Sign in again, then resume."), { status: 401 });
  }
}

export class UnreadableFileError extends Error {
  constructor() {
    super(gettext("This file can no longer be read. It was changed, moved or removed after you chose it. Choose it again."));
  }
}

export class OtherFileError extends Error {
  constructor() {
    super(gettext("This is not the same file as before: its content has changed. Remove it here, and send it as a new upload."));
  }
}
