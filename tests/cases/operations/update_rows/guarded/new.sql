SELECT label, state, note, noted FROM runs;
