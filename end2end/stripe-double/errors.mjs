/** A refusal, in the format of Stripe's errors. */
export class StripeError extends Error {
  /**
   * @param {number} status HTTP status
   * @param {{ message: string, type?: string, code?: string, param?: string }} error
   */
  constructor(status, { message, type = 'invalid_request_error', code, param }) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
  }

  /** @param {string} requestId */
  body(requestId) {
    const error = {
      ...(this.code && { code: this.code, doc_url: `https://stripe.com/docs/error-codes/${this.code.replaceAll('_', '-')}` }),
      message: this.message,
      ...(this.param && { param: this.param }),
      request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
      type: this.type,
    };
    return { error };
  }
}

/** @param {string} message @param {{ code?: string, param?: string }} [more] */
export const invalid = (message, more = {}) => new StripeError(400, { message, ...more });
