SELECT label FROM grants;
