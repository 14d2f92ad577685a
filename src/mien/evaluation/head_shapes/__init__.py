"""How sound a head's shapes are: lips and lids that meet, nothing that passes through or folds."""
