/**
 * The double is a tool for one machine: it listens on, and delivers to, the loopback interface only.
 * @param {string} host
 */
export const isLoopback = (host) => host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
