DROP INDEX member_mail_shop_key;
