SELECT label(1, '+');
