/**
 * Allows only the loopback interface, for listening and for deliveries.
 * @param {string} host
 */
export const isLoopback = (host) => host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
