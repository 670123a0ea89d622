SELECT label, role_name FROM members;
