"""Who is in a class: the lists that course platforms and spreadsheets export."""
