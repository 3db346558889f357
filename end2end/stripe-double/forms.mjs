/**
 * Stripe's form encoding, read strictly: a parameter that is unknown, missing or of the wrong kind is refused with the
 * error that Stripe gives. A rule takes (value, name) and returns the value to use.
 *
 * @typedef {(value: unknown, name: string) => any} Rule
 */
import qs from 'qs';
import { invalid } from './errors.mjs';

/** @param {string} text a request's body, or its query string */
export function decodeForm(text) {
  return /** @type {Record<string, unknown>} */ (qs.parse(text, { depth: 10, arrayLimit: 100, plainObjects: true }));
}

/** @type {(options?: { max?: number }) => Rule} */
export const string = ({ max = 5000 } = {}) => (value, name) => {
  if (typeof value !== 'string') throw invalid(`Invalid string: ${JSON.stringify(value)}`, { param: name });
  if (value === '') {
    throw invalid(`You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`, { code: 'parameter_invalid_empty', param: name });
  }
  if (value.length > max) {
    throw invalid(`Invalid ${name}: must be at most ${max} characters`, { param: name });
  }
  return value;
};

/** @type {(options?: { min?: number, max?: number }) => Rule} */
export const integer = ({ min, max } = {}) => (value, name) => {
  if (typeof value !== 'string' || !/^-?\d{1,15}$/.test(value)) {
    throw invalid(`Invalid integer: ${value}`, { code: 'parameter_invalid_integer', param: name });
  }
  const number = Number(value);
  if (min !== undefined && number < min) {
    throw invalid(`This value must be greater than or equal to ${min}.`, { code: 'parameter_invalid_integer', param: name });
  }
  if (max !== undefined && number > max) {
    throw invalid(`This value must be less than or equal to ${max} (it currently is '${number}').`, { param: name });
  }
  return number;
};

/** @type {Rule} */
export const boolean = (value, name) => {
  if (value !== 'true' && value !== 'false') throw invalid(`Invalid boolean: ${value}`, { param: name });
  return value === 'true';
};

/** @type {(values: string[]) => Rule} */
export const oneOf = (values) => (value, name) => {
  if (typeof value === 'string' && values.includes(value)) return value;
  const last = values.at(-1);
  const listed = values.length > 1 ? `${values.slice(0, -1).join(', ')}, or ${last}` : last;
  throw invalid(`Invalid ${name}: must be one of ${listed}`, { param: name });
};

/** @type {Rule} */
export const url = (value, name) => {
  const text = string()(value, name);
  // Stripe accepts the placeholder {CHECKOUT_SESSION_ID} in it, which is valid in URLs.
  if (!/^https?:\/\/[^/]+/.test(text) || !URL.canParse(text)) {
    throw invalid('Not a valid URL', { code: 'url_invalid', param: name });
  }
  return text;
};

/** @type {Rule} */
export const email = (value, name) => {
  const text = string({ max: 800 })(value, name);
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text)) {
    throw invalid(`Invalid email address: ${text}`, { code: 'email_invalid', param: name });
  }
  return text;
};

/** @type {Rule} */
export const currency = (value, name) => {
  const text = string()(value, name).toLowerCase();
  if (!/^[a-z]{3}$/.test(text)) throw invalid(`Invalid currency: ${text}.`, { param: name });
  return text;
};

/** Up to 50 pairs, names of 40 and values of 500 characters. @type {Rule} */
export const metadata = (value, name) => {
  if (value === '') return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('Invalid object', { param: name });
  const pairs = Object.entries(value).filter(([, text]) => text !== '');
  if (pairs.length > 50) throw invalid('Metadata can have up to 50 keys', { param: name });
  for (const [key, text] of pairs) {
    if (key.length > 40) throw invalid(`Metadata keys can have up to 40 characters: ${key}`, { param: name });
    string({ max: 500 })(text, `${name}[${key}]`);
  }
  return Object.fromEntries(pairs);
};

/** @type {(rule: Rule, options?: { max?: number }) => Rule} */
export const list = (rule, { max = 100 } = {}) => (value, name) => {
  if (!Array.isArray(value)) throw invalid('Invalid array', { param: name });
  if (value.length > max) throw invalid(`Invalid array: at most ${max} elements`, { param: name });
  return value.map((item, index) => rule(item, `${name}[${index}]`));
};

/** @type {(rules: Record<string, Rule>, required?: string[]) => Rule} */
export const object = (rules, required = []) => (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('Invalid object', { param: name });
  const given = /** @type {Record<string, unknown>} */ (value);
  const path = (/** @type {string} */ key) => (name ? `${name}[${key}]` : key);
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(rules, key)).map(path);
  if (unknown.length > 0) {
    throw invalid(`Received unknown parameter${unknown.length > 1 ? 's' : ''}: ${unknown.join(', ')}`, { code: 'parameter_unknown', param: unknown[0] });
  }
  for (const key of required) {
    if (given[key] === undefined) {
      throw invalid(`Missing required param: ${path(key)}.`, { code: 'parameter_missing', param: path(key) });
    }
  }
  return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, rules[key](item, path(key))]));
};

const expand = list(string(), { max: 20 });
const instant = integer({ min: 0 });

/** A time, or a range of times, as in the parameters of Stripe's lists. @type {Rule} */
export const range = (value, name) => {
  if (typeof value === 'string') {
    const at = instant(value, name);
    return { gte: at, lte: at };
  }
  return object({ gt: instant, gte: instant, lt: instant, lte: instant })(value, name);
};

/**
 * The parameters of a call that takes `expand` and these.
 * @type {(rules: Record<string, Rule>, required?: string[]) => Rule}
 */
export const params = (rules, required) => object({ expand, ...rules }, required);

/** The parameters of a list with these filters. @type {(rules: Record<string, Rule>) => Rule} */
export const listParams = (rules) =>
  params({ limit: integer({ min: 1, max: 100 }), starting_after: string(), ending_before: string(), ...rules });
