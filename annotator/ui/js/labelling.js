// Everything about labels, started in order; and what tests may look at.

function startLabelling() {
  startSending();
  startClaims();
  startMerging();
  startDeciding();
  startInspector();
  startHotkeys();
  ui.header.insertBefore(buildSaving(), ui.headerRight ?? null);
}

function labellingHooks() {
  return {
    saving, waiting, parked, hold, selection, relabel, acceptGuesses, undo, redo, settled, mayEdit, labelOf, guessOf, classOf, isLabelled, select, keysOf, mapKeys,
    doubleKeys, commands, mergeChanges, beat, findCounterparts, splitName, nameTokens, pressedKey, normalKey, tryNow, labelMenu, openMenu,
  };
}
