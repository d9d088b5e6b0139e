// Keeps the page without a build current; while somebody types it waits. Needs no other file.
const seconds = Number(document.documentElement.dataset.again);
const typing = () => document.activeElement?.matches('input') && document.activeElement.value;
setInterval(() => typing() || location.replace('/lite'), seconds * 1000);
