SELECT mail FROM member;
