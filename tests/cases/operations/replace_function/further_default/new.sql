SELECT label(1);
