/** The page itself stays available without the server; what it says then is "unknown". */
export function registerOffline(): void {
  // Only where the platform allows it: HTTPS or this very machine.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  void navigator.serviceWorker.register('/sw.js').catch(() => undefined);
}
