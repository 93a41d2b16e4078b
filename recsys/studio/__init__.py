"""What the sample catalogue is made of: cloth, cuts, departments, words and shoppers."""
