// The colour theme, set before the first paint (a module would run after it, and the page would flash).
(() => {
  const key = 'chat.theme';
  const read = () => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage may be forbidden; the system's choice is then the only one.
    }
  };
  const chosen = read();
  if (chosen === 'light' || chosen === 'dark') {
    document.documentElement.dataset.theme = chosen;
  }
})();
